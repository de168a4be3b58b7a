"""PyTorch's side of the trainings of docs/training.md: networks for CIFAR-10, with the recipe of `skipscale train`.

python3 bench/peers/torch_cifar10.py [--model resnet20] [--epochs 20] [--seed 1] [--threads 2] [--label-smoothing 0.1]
    [--erase] [--data ../shared/data/cifar10]

Takes torch, torchvision, numpy and pillow. Prints a line an epoch, and the accuracy on the images that were never trained on.
"""
import argparse, io, pathlib, random, tarfile, time
import numpy, torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torch_resnet20 import resnet20
from torchvision.models.efficientnet import EfficientNet, _efficientnet_conf
from torchvision.transforms import RandomErasing

parser = argparse.ArgumentParser()
parser.add_argument('--model', choices=['resnet20', 'efficientnet'], default='resnet20')
parser.add_argument('--epochs', type=int, default=20)
parser.add_argument('--seed', type=int, default=1)
parser.add_argument('--threads', type=int, default=2)
parser.add_argument('--data', type=pathlib.Path, default=pathlib.Path('../shared/data/cifar10'))
parser.add_argument('--batch-size', type=int, default=128)
parser.add_argument('--lr', type=float, default=0.2)
parser.add_argument('--weight-decay', type=float, default=5e-4)
parser.add_argument('--held-out', type=float, default=0.02, help='share of the training images that is not trained on')
parser.add_argument('--label-smoothing', type=float, default=0.0)
parser.add_argument('--erase', action='store_true', help='random erasing of half of the images')
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(options.seed)
random.seed(options.seed)

MEAN = torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)
SIZE = 32 if options.model == 'resnet20' else 96
erase = RandomErasing(p=0.5)


def pixels(file):
    return numpy.asarray(Image.open(file).convert('RGB'))


def tensors(images, labels):
    return torch.from_numpy(numpy.stack(images)).permute(0, 3, 1, 2).contiguous(), torch.tensor(labels)


def training_set():
    examples = []
    with tarfile.open(options.data / 'train.tar.gz') as archive:
        for member in archive:
            if member.name.endswith('.jpg'):
                examples.append((member.name.split('/')[-2], pixels(io.BytesIO(archive.extractfile(member).read()))))
    classes = sorted({name for name, _ in examples})
    random.shuffle(examples)
    examples = examples[round(options.held_out * len(examples)) :]
    return tensors([image for _, image in examples], [classes.index(name) for name, _ in examples])


def test_set():
    files = sorted((options.data / 'images').glob('*/*.jpg'))
    classes = sorted({file.parent.name for file in files})
    return tensors([pixels(file) for file in files], [classes.index(file.parent.name) for file in files])


def normalise(images):
    resized = F.interpolate(images.float(), SIZE, mode='bilinear')  # of the same size: the same images
    return (resized / 255 - MEAN) / STD


def augment(images):
    """Flips half of the images, pads each with 4 black pixels, cuts 32 x 32 from it, and normalises."""
    padded = F.pad(images, (4, 4, 4, 4))
    cut = [padded[i, :, y : y + 32, x : x + 32] for i, (y, x) in enumerate(torch.randint(9, (len(images), 2)).tolist())]
    flipped = torch.rand(len(images)) < 0.5
    x = normalise(torch.stack([image.flip(2) if flip else image for image, flip in zip(cut, flipped)]))
    return torch.stack([erase(image) for image in x]) if options.erase else x


def small_efficientnet():
    """EfficientNet-B0 of half the width and depth."""
    settings, last = _efficientnet_conf('efficientnet_b0', width_mult=0.5, depth_mult=0.5)
    return EfficientNet(settings, dropout=0.1, stochastic_depth_prob=0, last_channel=last, num_classes=10)


def initialise(model):
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')


@torch.no_grad()
def accuracy(model, images, labels):
    model.eval()
    right = sum((model(normalise(x)).argmax(1) == y).sum().item() for x, y in zip(images.split(250), labels.split(250)))
    return right / len(labels)


images, labels = training_set()
model = resnet20() if options.model == 'resnet20' else small_efficientnet()
initialise(model)
kernels = [p for p in model.parameters() if p.dim() > 1]
others = [p for p in model.parameters() if p.dim() == 1]
optimizer = torch.optim.SGD(
    [{'params': kernels, 'weight_decay': options.weight_decay}, {'params': others}], options.lr, momentum=0.9, nesterov=True
)
per_epoch = len(labels) // options.batch_size
schedule = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, options.lr, total_steps=options.epochs * per_epoch, cycle_momentum=False
)
begin = time.time()
for epoch in range(options.epochs):
    model.train()
    start, total = time.time(), 0.0
    for batch in torch.randperm(len(labels))[: per_epoch * options.batch_size].split(options.batch_size):
        loss = F.cross_entropy(model(augment(images[batch])), labels[batch], label_smoothing=options.label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        total += loss.item()
    seconds = time.time() - start
    speed = per_epoch * options.batch_size / seconds
    print(f'epoch {epoch + 1}/{options.epochs}  loss {total / per_epoch:.4f}  {seconds:.1f} s  {speed:.0f} images/s', flush=True)
print(f'{time.time() - begin:.0f} s')
print(f'top-1 {100 * accuracy(model, *test_set()):.2f} % of the images that were never trained on')
