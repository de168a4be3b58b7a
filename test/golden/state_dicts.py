"""The keys and shapes of published networks' state_dicts.

    python3 state_dicts.py    # writes state_dicts.json beside this file: {source: {model: {key: shape}}}

Needs torch, torchvision, efficientnet_pytorch and efficientnet_lite_pytorch.
"""
import contextlib, io, json, os
import torch, torchvision
import efficientnet_lite_pytorch, efficientnet_pytorch

RESNETS = ['resnet%d' % d for d in (18, 34, 50, 101, 152)]
SOURCES = {
    'torchvision': {
        **{name: getattr(torchvision.models, name) for name in RESNETS},
        **{f'efficientnet-b{i}': getattr(torchvision.models, f'efficientnet_b{i}') for i in range(8)},
    },
    'efficientnet-pytorch': {
        **{name: lambda name=name: efficientnet_pytorch.EfficientNet.from_name(name) for name in ('efficientnet-b0', 'efficientnet-b3')},
        **{name: lambda name=name: efficientnet_lite_pytorch.EfficientNet.from_name(name) for name in ('efficientnet-lite0', 'efficientnet-lite4')},
    },
}

if __name__ == '__main__':
    shapes = {}
    for source, models in SOURCES.items():
        shapes[source] = {}
        for name, build in models.items():
            # Without memory for the values.
            with torch.device('meta'), contextlib.redirect_stdout(io.StringIO()):
                shapes[source][name] = {key: list(t.shape) for key, t in build().state_dict().items()}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'state_dicts.json'), 'w') as f:
        json.dump(shapes, f, separators=(',', ':'))
