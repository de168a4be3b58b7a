"""Captum's explanations of a torchvision ResNet, for bench/explain.js: torch_explain.py METHOD MODEL PIXELS SAMPLES BATCH THREADS"""
import sys, time
import torch, torchvision
from captum import attr

method, model = sys.argv[1:3]
size, samples, batch, threads = map(int, sys.argv[3:7])
torch.set_num_threads(threads)
torch.manual_seed(0)
net = getattr(torchvision.models, model)().eval()
x = torch.randn(1, 3, size, size)
cells = torch.arange(size) * 7 // size
superpixels = (cells[:, None] * 7 + cells[None])[None, None]
window = size // 8


def work():
    if method == 'gradCam':
        attr.LayerGradCam(net, net.layer4[-1]).attribute(x, target=1)
    elif method == 'integratedGradients':
        attr.IntegratedGradients(net).attribute(x, target=1, n_steps=samples, internal_batch_size=batch)
    elif method == 'occlusion':
        options = dict(sliding_window_shapes=(3, window, window), strides=(3, window // 2, window // 2), perturbations_per_eval=batch)
        with torch.no_grad():
            attr.Occlusion(net).attribute(x, target=1, **options)
    else:
        kind = {'kernelShap': attr.KernelShap, 'lime': attr.Lime}[method]
        with torch.no_grad():
            kind(net).attribute(x, target=1, feature_mask=superpixels, n_samples=samples, perturbations_per_eval=batch)


begin = time.perf_counter()
while True:
    work()
    if time.perf_counter() - begin > 4:
        break
print('ready', flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    work()
    print((time.perf_counter() - start) * 1000, flush=True)
