"""What torchattacks makes of images of CIFAR-10 and akamaster's ResNet-20.

    python3 attacks.py FOLDER [PER_CLASS [FILE [ATTACK ...]]]

FOLDER is ../shared/data/cifar10, PER_CLASS 20 by default, FILE attacks.json in this folder, and each ATTACK one of `plans`, by default all.

Radii are such that about a third of the images survive. torchattacks' L2 step adds 1e-10 to the norm of the gradient of the batch's mean
loss, so that images which the network is sure of hardly move; eps_for_division=1e-30 takes that away.
"""
import json, os, sys
import numpy as np
import torch, torchattacks
import torch.nn as nn, torch.nn.functional as F
from PIL import Image

FOLDER = sys.argv[1]
PER_CLASS = int(sys.argv[2]) if len(sys.argv) > 2 else 20
BATCH = 100


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.grows = stride != 1

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.grows:
            side = (y.shape[1] - x.shape[1]) // 2
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, side, side))
        return F.relu(y + x)


class ResNet20(nn.Module):
    """Takes images from 0 to 1."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        stage = lambda i, o: nn.Sequential(Block(i, o, 1 if i == o else 2), Block(o, o, 1), Block(o, o, 1))
        self.layer1, self.layer2, self.layer3 = stage(16, 16), stage(16, 32), stage(32, 64)
        self.linear = nn.Linear(64, 10)
        self.register_buffer('mean', torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1), persistent=False)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1((x - self.mean) / self.std)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


def load():
    state = torch.load(os.path.join(FOLDER, 'resnet20-12fca82f.th'), weights_only=True, map_location='cpu')['state_dict']
    model = ResNet20()
    model.load_state_dict({key.removeprefix('module.'): value for key, value in state.items()})
    return model.eval()


def images():
    classes = json.load(open(os.path.join(FOLDER, 'reference.json')))['classes']
    files = [(os.path.join(FOLDER, 'images', name, f'{i:04d}.jpg'), label)
             for label, name in enumerate(classes) for i in range(PER_CLASS)]
    x = np.stack([np.asarray(Image.open(file).convert('RGB')) for file, _ in files])
    return torch.tensor(x).permute(0, 3, 1, 2).contiguous().float() / 255, torch.tensor([label for _, label in files])


def plans(model):
    linf, l2, steps = 0.5 / 255, 0.0625, 10
    ce = dict(steps=steps, n_restarts=1, loss='ce')
    targeted = torchattacks.PGD(model, eps=2 / 255, alpha=0.5 / 255, steps=steps, random_start=False)
    targeted.set_mode_targeted_by_function(lambda images, labels: (labels + 1) % 10)
    return {
        'fgsm': torchattacks.FGSM(model, eps=linf),
        'pgd without random start': torchattacks.PGD(model, eps=linf, alpha=linf / 4, steps=steps, random_start=False),
        'pgd': torchattacks.PGD(model, eps=linf, alpha=linf / 4, steps=steps),
        'pgd targeted': targeted,
        'pgd l2 without random start': torchattacks.PGDL2(model, eps=l2, alpha=l2 / 4, steps=steps, random_start=False, eps_for_division=1e-30),
        'pgd l2': torchattacks.PGDL2(model, eps=l2, alpha=l2 / 4, steps=steps, eps_for_division=1e-30),
        'apgd ce': torchattacks.APGD(model, eps=linf, steps=50, loss='ce'),
        'apgd dlr': torchattacks.APGD(model, eps=linf, steps=50, loss='dlr'),
        'apgd ce l2': torchattacks.APGD(model, norm='L2', eps=l2, steps=50, loss='ce'),
        'apgd dlr l2': torchattacks.APGD(model, norm='L2', eps=l2, steps=50, loss='dlr'),
        'square': torchattacks.Square(model, eps=2 / 255, n_queries=500, p_init=0.8, loss='margin'),
        'square l2': torchattacks.Square(model, norm='L2', eps=0.25, n_queries=500, p_init=0.8, loss='margin'),
        'deepFool': torchattacks.DeepFool(model, steps=50, overshoot=0.02),
    }


if __name__ == '__main__':
    here = os.path.dirname(os.path.abspath(__file__))
    file = sys.argv[3] if len(sys.argv) > 3 else os.path.join(here, 'attacks.json')
    only = sys.argv[4:]
    torch.manual_seed(0)
    model, (x, y) = load(), images()
    result = {'torchattacks': torchattacks.__version__, 'torch': torch.__version__, 'perClass': PER_CLASS, 'attacks': {}}
    with torch.no_grad():
        result['clean'] = (model(x).argmax(1) == y).float().mean().item()
    for name, attack in plans(model).items():
        if only and name not in only:
            continue
        adversarial = torch.cat([attack(x[i:i + BATCH], y[i:i + BATCH]) for i in range(0, len(x), BATCH)])
        with torch.no_grad():
            predicted = model(adversarial).argmax(1)
        change = (adversarial - x).flatten(1)
        result['attacks'][name] = {
            'robustAccuracy': round((predicted == y).float().mean().item(), 4),
            'predicted': predicted.tolist(),
            'meanL2': float(f'{change.norm(dim=1).mean().item():.6g}'),
        }
        print(name, result['attacks'][name]['robustAccuracy'], result['attacks'][name]['meanL2'], flush=True)
        with open(file, 'w') as f:
            json.dump(result, f)
