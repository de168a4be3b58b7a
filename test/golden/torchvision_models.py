"""What torchvision computes for its ResNets and EfficientNets under the weights of rule.py, in float64.

    python3 torchvision_models.py [NAME ...]    # writes torchvision/NAME.json beside this file

Logits and stages in evaluation mode, and one training step (dropout and stochastic depth off): loss, gradients, running
statistics after it. Tensors are in PyTorch's layout. `float32` says how far torchvision itself is off in float32, by the
measures of the test: what no other float32 implementation can be asked to undercut. Two cases needed care to be
determined in float32 at all:

- efficientnet_b7 at 64 pixels: logits are off by 1e-3 of their deviation, at 48 pixels by 1e-5.
- the training step of bottleneck ResNets: their gradients grow towards the image, and each ReLU whose input rounds to the
  other side of zero changes them by thousandths. With the biases of all batch norms raised by 3 few inputs are near zero,
  and with the last batch norm of each block scaled down the gradients do not grow.

The narrow networks, of an eighth of the channels, are for the slowest backend.
`python3 torchvision_models.py initial` writes torchvision/initial.json: the moments of each tensor that
torchvision starts with. Needs torch, torchvision and numpy.

The file is not called torchvision.py, which `import torchvision` would find.
"""
import copy, json, os, sys
from functools import partial
import numpy as np, torch, torchvision
from torchvision.models.efficientnet import EfficientNet, _efficientnet_conf
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
import rule

CLASSES = 1000


def narrow_resnet(block, depths, width, **kind):
    """torchvision's ResNet with its layers made again for 64 * width channels."""
    channels = int(64 * width)
    model = ResNet(block, depths, num_classes=CLASSES, **kind)
    model.conv1 = torch.nn.Conv2d(3, channels, 7, stride=2, padding=3, bias=False)
    model.bn1 = torch.nn.BatchNorm2d(channels)
    model.inplanes = channels
    for i, depth in enumerate(depths):
        layer = model._make_layer(block, channels * 2**i, depth, stride=1 if i == 0 else 2)
        setattr(model, f'layer{i + 1}', layer)
    model.fc = torch.nn.Linear(model.inplanes, CLASSES)
    return model


def narrow_efficientnet(width, depth):
    setting, last_channel = _efficientnet_conf('efficientnet_b0', width_mult=width, depth_mult=depth)
    return EfficientNet(setting, dropout=0.0, num_classes=CLASSES, last_channel=last_channel)


NARROW = {
    'resnet18_narrow': partial(narrow_resnet, BasicBlock, [2, 2, 2, 2], 0.125),
    'resnet50_narrow': partial(narrow_resnet, Bottleneck, [3, 4, 6, 3], 0.125),
    'resnext50_narrow': partial(narrow_resnet, Bottleneck, [3, 4, 6, 3], 0.25, groups=32, width_per_group=4),
    'wide_resnet50_narrow': partial(narrow_resnet, Bottleneck, [3, 4, 6, 3], 0.125, width_per_group=128),
    'efficientnet_narrow': partial(narrow_efficientnet, 0.125, 0.5),
}
BOTTLENECKS = ['resnet50', 'resnet101', 'resnet152', 'resnet50_narrow', 'resnext50_narrow', 'wide_resnet50_narrow']
NAMES = ['resnet18', 'resnet34', *BOTTLENECKS[:3], *(f'efficientnet_b{i}' for i in range(8)), 'efficientnet_v2_s', *NARROW]


def build(name):
    return NARROW[name]() if name in NARROW else getattr(torchvision.models, name)()


def fill(model):
    for path, module in model.named_modules():
        tensors = list(module.named_parameters(recurse=False)) + list(module.named_buffers(recurse=False))
        for leaf, tensor in tensors:
            if leaf == 'num_batches_tracked':
                continue
            v = rule.values(f'{path}.{leaf}', tuple(tensor.shape))
            if isinstance(module, torch.nn.BatchNorm2d):
                v = rule.batch_norm(leaf, v)
            elif leaf == 'bias':
                v = 0.1 * v
            else:
                v = v * np.sqrt((6 if tensor.dim() == 4 else 3) / np.prod(tensor.shape[1:]))
            tensor.data.copy_(torch.from_numpy(v.astype(np.float32)))
        if isinstance(module, (torch.nn.Dropout, torchvision.ops.StochasticDepth)):
            module.p = 0.0
    return model


def images(batch, size):
    return torch.from_numpy(rule.values('input', (batch, 3, size, size)).astype(np.float32))


def evaluate(model, x):
    """The outputs of a ResNet's layers, or of an EfficientNet's stages; and the logits."""
    parts = dict(model.named_children())
    if 'features' in parts:
        parts = {f'features.{k}': m for k, m in list(parts['features'].named_children())[1:-1]}
    elif 'blocks' in parts:  # timm's
        parts = {f'blocks.{k}': m for k, m in parts['blocks'].named_children()}
    else:
        parts = {k: m for k, m in parts.items() if k.startswith('layer')}
    outputs = {}
    hooks = [m.register_forward_hook(lambda _m, _i, y, k=k: outputs.update({k: y})) for k, m in parts.items()]
    with torch.no_grad():
        logits = model.eval()(x)
    for hook in hooks:
        hook.remove()
    return {**outputs, 'logits': logits}


def train(model, x):
    loss = torch.nn.functional.cross_entropy(model.train()(x), torch.arange(len(x)))
    loss.backward()
    running = {k: t for k, t in model.state_dict().items() if 'running' in k}
    return loss.item(), {k: p.grad for k, p in model.named_parameters()}, running


def numpy(tensors):
    return {k: t.double().numpy() for k, t in tensors.items()}


def norm(tensors):
    return np.sqrt(sum(np.linalg.norm(t) ** 2 for t in tensors.values()))


# An EfficientNet's blocks in torchvision and in timm.
BLOCKS = {'MBConv', 'FusedMBConv', 'InvertedResidual', 'EdgeResidual', 'ConvBnAct'}


def scale_projections(model, scale):
    """Scales what the last batch norm of every EfficientNet block gives."""
    for block in model.modules():
        if type(block).__name__ in BLOCKS:
            last = [m for m in block.modules() if isinstance(m, torch.nn.BatchNorm2d)][-1]
            last.weight.data *= scale
            last.bias.data *= scale


def evaluation_case(model, x):
    exact, single = numpy(evaluate(copy.deepcopy(model).double(), x.double())), numpy(evaluate(model, x))
    off = max(np.abs(single[k] - a).max() / a.std() for k, a in exact.items())
    return {
        'input': list(x.shape),
        'float32': float(f'{off:.1e}'),
        'logits': [[rule.rounded(q) for q in row] for row in exact.pop('logits')],
        'stages': {k: rule.summary(a) for k, a in exact.items()},
    }


def training_case(model, x, bias_shift=0, last_norm_scale=1):
    for path, module in model.named_modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.bias.data += bias_shift
        if path.endswith('bn3'):
            module.weight.data *= last_norm_scale
            module.bias.data *= last_norm_scale
    loss, gradients, running = train(copy.deepcopy(model).double(), x.double())
    _, single, _ = train(model, x)
    gradients, single = numpy(gradients), numpy(single)
    off = norm({k: single[k] - g for k, g in gradients.items()}) / norm(gradients)
    return {
        'input': list(x.shape),
        'biasShift': bias_shift,
        'lastNormScale': last_norm_scale,
        'float32': float(f'{off:.1e}'),
        'loss': rule.rounded(loss),
        'gradients': {k: rule.norm_and_spread(g) for k, g in gradients.items()},
        'running': {k: rule.norm_and_spread(t) for k, t in numpy(running).items()},
    }


def reference(name, build=build, bottlenecks=BOTTLENECKS):
    model = fill(build(name))
    # These are deep: activations would grow until squeeze-excitation multiplies rounding errors. Unscaled, single values of the
    # gradients of B7's expansions are off by up to 4 % of their deviation in PyTorch's float32.
    projection_scale = 0.2 if 'v2' in name or name == 'efficientnet_b7' else 1
    scale_projections(model, projection_scale)
    evaluation = evaluation_case(model, images(2, 48 if name == 'efficientnet_b7' else 64))
    if name in bottlenecks:
        training = training_case(model, images(2, 33), bias_shift=3, last_norm_scale=0.05)
    else:
        training = training_case(model, images(2, 33 if name.endswith('_narrow') else 64))
    print(name, evaluation['float32'], training['float32'], flush=True)
    return {
        'made by': f'torch {torch.__version__}, torchvision {torchvision.__version__}',
        'parameters': sum(p.numel() for p in model.parameters()),
        'projectionScale': projection_scale,
        'evaluation': evaluation,
        'training': training,
    }


def initial(name):
    torch.manual_seed(0)
    tensors = numpy(build(name).state_dict())
    return {k: rule.moments(t) for k, t in tensors.items() if t.ndim}


if __name__ == '__main__':
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'torchvision')
    os.makedirs(folder, exist_ok=True)
    for name in sys.argv[1:] or [*NAMES, 'initial']:
        only_start = name == 'initial'
        content = {n: initial(n) for n in ('resnet18', 'efficientnet_b0')} if only_start else reference(name)
        with open(os.path.join(folder, f'{name}.json'), 'w') as f:
            json.dump(content, f)
