"""python3 torch_train.py MODEL THREADS BATCH SIZE: a training step in PyTorch; talks as peers/serve.js does."""
import resource, sys, time
import torch, torchvision
from torch.nn import functional as F
from torch_resnet20 import resnet20

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
