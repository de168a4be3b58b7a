"""What timm and Hugging Face transformers compute under the weights of rule.py, by their own names, and what those are.

    python3 named_models.py    # writes named_models.json beside this file

Logits of one image in evaluation mode, in float64, heads of 10 classes; and of every published network the SHA-256 of
its state_dict's keys and shapes, a line each, sorted. Needs numpy, torch, timm and transformers.
"""
import hashlib, json, os
import numpy as np, timm, torch, transformers
from transformers import EfficientNetConfig, EfficientNetForImageClassification, ResNetConfig, ResNetForImageClassification
import rule

RESNETS = {18: ('basic', [2, 2, 2, 2]), 34: ('basic', [3, 4, 6, 3]), 50: ('bottleneck', [3, 4, 6, 3]),
           101: ('bottleneck', [3, 4, 23, 3]), 152: ('bottleneck', [3, 8, 36, 3])}
# Width, depth, size, hidden width, and the stride-2 blocks whose input is odd at that size, as google/efficientnet-b*.
EFFICIENTNETS = {0: (1.0, 1.0, 224, 1280, []), 1: (1.0, 1.1, 240, 1280, [16]), 2: (1.1, 1.2, 260, 1408, [5, 8, 16]),
                 3: (1.2, 1.4, 300, 1536, [5, 18]), 4: (1.4, 1.8, 380, 1792, [6]), 5: (1.6, 2.2, 456, 2048, [13, 27]),
                 6: (1.8, 2.6, 528, 2304, [31]), 7: (2.0, 3.1, 600, 2560, [18])}


def huggingface(name, classes):
    family, number = name.rsplit('-', 1)
    if family == 'resnet':
        kind, depths = RESNETS[int(number)]
        widths = [64, 128, 256, 512] if kind == 'basic' else [256, 512, 1024, 2048]
        return ResNetForImageClassification(ResNetConfig(layer_type=kind, depths=depths, hidden_sizes=widths, num_labels=classes))
    width, depth, size, hidden, odd = EFFICIENTNETS[int(number[1:])]
    return EfficientNetForImageClassification(EfficientNetConfig(
        width_coefficient=width, depth_coefficient=depth, image_size=size, hidden_dim=hidden, depthwise_padding=odd, num_labels=classes))


def build(source, name, classes=1000):
    return timm.create_model(name, num_classes=classes) if source == 'timm' else huggingface(name, classes)


# Source, its name of the network, ours, the convention, the image's size. An odd size as well: padding differs there.
CASES = [
    ('timm', 'resnet18', 'resnet18', 'timm', 64),
    ('timm', 'resnet50', 'resnet50', 'timm', 64),
    ('timm', 'efficientnet_b0', 'efficientnet-b0', 'timm', 65),
    ('timm', 'efficientnet_b5', 'efficientnet-b5', 'timm', 32),
    ('timm', 'tf_efficientnet_b0', 'efficientnet-b0', 'timm-tf', 64),
    ('timm', 'tf_efficientnet_b0', 'efficientnet-b0', 'timm-tf', 65),
    ('timm', 'tf_efficientnet_b1', 'efficientnet-b1', 'timm-tf', 64),
    ('timm', 'tf_efficientnet_lite0', 'efficientnet-lite0', 'timm-tf', 64),
    ('timm', 'tf_efficientnet_lite3', 'efficientnet-lite3', 'timm-tf', 33),
    ('huggingface', 'resnet-18', 'resnet18', 'torchvision', 64),
    ('huggingface', 'resnet-50', 'resnet50', 'torchvision', 64),
    ('huggingface', 'efficientnet-b0', 'efficientnet-b0', 'keras', 64),
    # The network's own size, where its padding is TensorFlow's.
    ('huggingface', 'efficientnet-b1', 'efficientnet-b1', 'keras', 240),
]
NETWORKS = {
    'timm': {
        **{f'resnet{d}': f'resnet{d}' for d in RESNETS},
        **{f'efficientnet-b{i}': f'tf_efficientnet_b{i}' for i in range(8)},
        **{f'efficientnet-lite{i}': f'tf_efficientnet_lite{i}' for i in range(5)},
    },
    'huggingface': {
        **{f'resnet{d}': f'resnet-{d}' for d in RESNETS},
        **{f'efficientnet-b{i}': f'efficientnet-b{i}' for i in range(8)},
    },
}


def fill(model):
    for key, tensor in model.state_dict().items():
        if key.endswith('num_batches_tracked'):
            continue
        v = rule.values(key, tuple(tensor.shape))
        leaf = key.rsplit('.', 1)[1]
        if tensor.dim() > 1:
            v = v * np.sqrt((6 if tensor.dim() == 4 else 3) / np.prod(tensor.shape[1:]))
        else:
            v = rule.batch_norm(leaf, v)  # a bias has the same rule as a batch norm's
        tensor.copy_(torch.from_numpy(v.astype(np.float32)))
    return model


def logits(source, name, size):
    with torch.no_grad():
        model = fill(build(source, name, 10)).eval().double()
        x = torch.from_numpy(rule.values('input', (1, 3, size, size)).astype(np.float32)).double()
        y = model(x)
    return [rule.rounded(q) for q in (y if source == 'timm' else y.logits)[0]]


def keys(source, name):
    with torch.device('meta'):
        state = build(source, name).state_dict()
    lines = sorted(f'{key} {list(t.shape)}'.replace(', ', ',') for key, t in state.items() if not key.endswith('num_batches_tracked'))
    return hashlib.sha256('\n'.join(lines).encode()).hexdigest()


if __name__ == '__main__':
    result = {
        'made by': f'torch {torch.__version__}, timm {timm.__version__}, transformers {transformers.__version__}',
        'logits': [
            {'source': source, 'network': network, 'model': model, 'convention': convention, 'size': size, 'logits': logits(source, network, size)}
            for source, network, model, convention, size in CASES
        ],
        'keys': {source: {model: keys(source, network) for model, network in networks.items()} for source, networks in NETWORKS.items()},
    }
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'named_models.json'), 'w') as f:
        json.dump(result, f, indent=1)
