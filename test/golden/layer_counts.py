"""Counts of torchvision's ResNets and EfficientNets and of geffnet's EfficientNet-Lites, by hooks on a forward pass.

    python3 layer_counts.py    # writes layer_counts.json beside this file

Each model at the size of images it was published with: trainable parameters, running means and variances, and, for every
convolution and dense layer in the order they run, the multiply-adds and the number of output values of one image.
Needs torch, torchvision and geffnet.
"""
import json, os
from importlib.metadata import version
import geffnet, torch, torchvision
from torch import nn

SIZES = {
    **{f'resnet{depth}': 224 for depth in (18, 34, 50, 101, 152)},
    **{f'efficientnet_b{i}': s for i, s in enumerate((224, 240, 260, 300, 380, 456, 528, 600))},
    **{f'efficientnet_lite{i}': s for i, s in enumerate((224, 240, 260, 280, 300))},
}


def count(name, size):
    source = geffnet if 'lite' in name else torchvision.models
    model = getattr(source, name)().eval()
    rows = []

    def record(layer, _, output):
        kernel = layer.weight[0].numel()  # products of one output value
        rows.append((kernel * output.numel(), output.numel()))

    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.register_forward_hook(record)
    with torch.no_grad():
        model(torch.zeros(1, 3, size, size))
    statistics = [b for n, b in model.named_buffers() if n.endswith(('running_mean', 'running_var'))]
    return {
        'size': size,
        'parameters': sum(p.numel() for p in model.parameters()),
        'statistics': sum(b.numel() for b in statistics),
        'multiplyAdds': [row[0] for row in rows],
        'outputs': [row[1] for row in rows],
    }


if __name__ == '__main__':
    torch.set_num_threads(1)
    made_by = f'torch {torch.__version__}, torchvision {torchvision.__version__}, geffnet {version("geffnet")}'
    lines = [f'"made by": {json.dumps(made_by)}']
    lines += [f'{json.dumps(name)}: {json.dumps(count(name, size))}' for name, size in SIZES.items()]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'layer_counts.json'), 'w') as f:
        f.write('{\n' + ',\n'.join(lines) + '\n}\n')
