"""Counts and names of the published variants of ResNet and of EfficientNetV2, in torchvision and in timm.

    python3 variants.py    # writes variants.json beside this file

Of each network: parameters, running means and variances, and multiply-adds of one image; and of each source, the SHA-256 of its
state_dict's keys and shapes, a line each, sorted. Needs torch, torchvision and timm.
"""
import hashlib, json, os
import timm, torch, torchvision
from torch import nn

TORCHVISION = ['resnext50_32x4d', 'resnext101_32x8d', 'resnext101_64x4d', 'wide_resnet50_2', 'wide_resnet101_2']
TIMM = [
    'resnext50_32x4d', 'resnext101_32x4d', 'resnext101_32x8d', 'resnext101_64x4d', 'wide_resnet50_2', 'wide_resnet101_2',
    *(f'resnet{depth}d' for depth in (18, 26, 34, 50, 101, 152, 200)),
    *(f'seresnet{depth}' for depth in (18, 34, 50, 101, 152)),
    'seresnext26d_32x4d', 'seresnext50_32x4d', 'seresnext101_32x4d', 'seresnext101_32x8d',
    *(f'resnetrs{depth}' for depth in (50, 101, 152, 200, 270, 350, 420)),
]
NETWORKS = {
    'torchvision': {**{name: name for name in TORCHVISION}, **{f'efficientnet-v2-{x}': f'efficientnet_v2_{x}' for x in 'sml'}},
    'timm': {
        **{name: name for name in TIMM},
        **{f'efficientnet-v2-{x}': f'tf_efficientnetv2_{x}' for x in ('s', 'm', 'l', 'b0', 'b1', 'b2', 'b3')},
    },
}
# The side of the images that each is evaluated at; 224 of the others.
SIZES = {
    **dict(zip((f'resnetrs{depth}' for depth in (101, 152, 200, 270, 350, 420)), (288, 320, 320, 352, 384, 416))),
    **dict(zip((f'efficientnet-v2-{x}' for x in ('s', 'm', 'l', 'b1', 'b2', 'b3')), (384, 480, 480, 240, 260, 300))),
}


def build(source, name):
    return getattr(torchvision.models, name)() if source == 'torchvision' else timm.create_model(name)


def keys(model):
    state = model.state_dict()
    lines = sorted(f'{key} {list(t.shape)}'.replace(', ', ',') for key, t in state.items() if not key.endswith('num_batches_tracked'))
    return hashlib.sha256('\n'.join(lines).encode()).hexdigest()


def counts(model, size):
    products = 0

    def record(layer, _, output):
        nonlocal products
        products += layer.weight[0].numel() * output.numel()

    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.register_forward_hook(record)
    model.eval()(torch.zeros(1, 3, size, size))
    statistics = [b for n, b in model.named_buffers() if n.endswith(('running_mean', 'running_var'))]
    return {
        'size': size,
        'parameters': sum(p.numel() for p in model.parameters()),
        'statistics': sum(b.numel() for b in statistics),
        'multiplyAdds': products,
    }


if __name__ == '__main__':
    result = {'made by': f'torch {torch.__version__}, torchvision {torchvision.__version__}, timm {timm.__version__}', 'networks': {}}
    with torch.device('meta'), torch.no_grad():
        for source, networks in NETWORKS.items():
            for name, network in networks.items():
                model = build(source, network)
                entry = {**counts(model, SIZES.get(name, 224)), 'keys': {source: keys(model)}}
                known = result['networks'].setdefault(name, entry)
                assert entry == {**known, 'keys': entry['keys']}, name
                known['keys'].update(entry['keys'])
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'variants.json'), 'w') as f:
        json.dump(result, f, indent=1)
