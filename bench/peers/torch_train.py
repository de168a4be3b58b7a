"""python3 torch_train.py MODEL THREADS BATCH SIZE: a training step in PyTorch; talks as peers/serve.js does."""
import resource, sys, time
import torch, torchvision
from torch import nn
from torch.nn import functional as F


class CifarBlock(nn.Module):
    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride, self.padding = stride, (channels - inputs) // 2

    def forward(self, x):
        h = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.padding:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.padding, self.padding))
        return F.relu(h + x)


def resnet20():
    """He et al. 2015, section 4.2, with the shortcut of option A."""
    layers, inputs = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        for block in range(3):
            layers.append(CifarBlock(inputs, channels, stride if block == 0 else 1))
            inputs = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


name, threads, batch, size = sys.argv[1], *map(int, sys.argv[2:])
torch.set_num_threads(threads)
model = resnet20() if name == 'resnet20' else getattr(torchvision.models, name)(weights=None)
model.train()
images = torch.arange(batch * 3 * size * size, dtype=torch.float32).sin().reshape(batch, 3, size, size)
labels = torch.arange(batch) % 10
optimizer = torch.optim.SGD(model.parameters(), 0.01)


def step():
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


begin = time.perf_counter()
while time.perf_counter() - begin < 4:
    step()
print('ready', flush=True)
for line in sys.stdin:
    if line.strip() == 'memory':
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)
        continue
    start = time.perf_counter()
    step()
    print((time.perf_counter() - start) * 1000, flush=True)
