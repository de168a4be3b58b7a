"""What PyTorch and torchvision compute for one layer or block at a time, forward and backward.

    python3 layers.py    # writes layers.json and blocks.json beside this file

Every case gives our options of the layer, and PyTorch's module that does the same. Input x, parameters and statistics
(under our names for them) and the gradient dy of the output are the values of rule.py, as float32; everything is computed
in float64. A case holds the output, the gradients of sum(y * dy) and the statistics after it, in PyTorch's layout.
TensorFlow's SAME padding and biased running variance are computed by their definitions. Needs torch, torchvision, numpy.
"""
import functools, json, math, os
import numpy as np, torch, torchvision
import torch.nn.functional as F
from torch import nn
from torchvision.models.efficientnet import MBConv, MBConvConfig
from torchvision.models.resnet import BasicBlock, Bottleneck
import rule


def pads(padding, size, kernel, stride, dilation):
    """Our padding option as pixels (left, right, top, bottom) of an image of `size` (height, width)."""
    if padding == 'valid':
        return 0, 0, 0, 0
    if padding == 'symmetric':
        return ((kernel >> 1) * dilation,) * 4
    if padding == 'same':
        extent = (kernel - 1) * dilation + 1
        total = [max((math.ceil(n / stride) - 1) * stride + extent - n, 0) for n in size]
        (top, bottom), (left, right) = [(t // 2, t - t // 2) for t in total]
        return left, right, top, bottom
    if isinstance(padding, int):
        return (padding,) * 4
    (top, bottom), (left, right) = padding
    return left, right, top, bottom


class Conv(nn.Conv2d):
    """A convolution padded as our option says."""

    def __init__(self, inputs, filters, kernel, stride=1, dilation=1, padding='valid', bias=False, groups=1):
        super().__init__(inputs, filters, kernel, stride, 0, dilation, groups, bias)
        self.pads = padding

    def forward(self, x):
        padded = F.pad(x, pads(self.pads, x.shape[2:], self.kernel_size[0], self.stride[0], self.dilation[0]))
        return super().forward(padded)


class Pool(nn.Module):
    def __init__(self, kind, size, stride=None, padding='valid', countPadding=True):
        super().__init__()
        self.kind, self.size, self.stride, self.padding = kind, size, stride or size, padding
        self.counts = countPadding and padding != 'same'

    def forward(self, x):
        around = pads(self.padding, x.shape[2:], self.size, self.stride, 1)
        if self.kind == 'max':
            return F.max_pool2d(F.pad(x, around, value=-math.inf), self.size, self.stride)
        mean = F.avg_pool2d(F.pad(x, around), self.size, self.stride)
        return mean if self.counts else mean / F.avg_pool2d(F.pad(torch.ones_like(x), around), self.size, self.stride)


class BiasedBatchNorm(nn.BatchNorm2d):
    """A batch norm whose running variance averages the biased one."""

    def forward(self, x):
        before = self.running_var.clone()
        y = super().forward(x)
        if self.training:
            biased = x.detach().var((0, 2, 3), correction=0)
            self.running_var.data = (1 - self.momentum) * before + self.momentum * biased
        return y


def batch_norm(channels, epsilon, momentum, runningVariance, zeroWeight=False):
    kind = nn.BatchNorm2d if runningVariance == 'unbiased' else BiasedBatchNorm
    return kind(channels, epsilon, 1 - momentum)


def squeeze_excite(channels, squeezeChannels, activation='relu'):
    return torchvision.ops.SqueezeExcitation(channels, squeezeChannels, {'relu': nn.ReLU, 'swish': nn.SiLU}[activation])


# PyTorch's module for our options of a layer.
LAYERS = {
    'Conv2D': lambda inChannels, filters, kernelSize, **o: Conv(inChannels, filters, kernelSize, **o),
    'DepthwiseConv2D': lambda channels, kernelSize, **o: Conv(channels, channels, kernelSize, groups=channels, **o),
    'BatchNorm': batch_norm,
    'ReLU': nn.ReLU,
    'ReLU6': nn.ReLU6,
    'Sigmoid': nn.Sigmoid,
    'Swish': nn.SiLU,
    'SqueezeExcite': squeeze_excite,
    'Dense': lambda inFeatures, units: nn.Linear(inFeatures, units),
    'MaxPool': functools.partial(Pool, 'max'),
    'AvgPool': functools.partial(Pool, 'mean'),
    'GlobalAvgPool': lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    'ZeroPadding': lambda padding: nn.ZeroPad2d(pads(padding, None, None, None, None)),
}

# Name, layer, options, shape of x; and what x = scale * v + shift is made of.
EVEN, ODD = (2, 2, 6, 6), (2, 2, 5, 7)
TORCH_NORM = {'epsilon': 1e-5, 'momentum': 0.9, 'runningVariance': 'unbiased'}
KERAS_NORM = {'epsilon': 1e-3, 'momentum': 0.99, 'runningVariance': 'biased'}


def convolutions(layer, **channels):
    options = {
        '1x1': (EVEN, {'kernelSize': 1}),
        '3x3 valid with bias': (ODD, {'kernelSize': 3, 'bias': True}),
        '3x3 symmetric, stride 2': (EVEN, {'kernelSize': 3, 'stride': 2, 'padding': 'symmetric'}),
        '3x3 same, stride 2, even image': (EVEN, {'kernelSize': 3, 'stride': 2, 'padding': 'same'}),
        '3x3 same, stride 2, odd image': (ODD, {'kernelSize': 3, 'stride': 2, 'padding': 'same', 'bias': True}),
        '5x5 same, stride 3': (EVEN, {'kernelSize': 5, 'stride': 3, 'padding': 'same'}),
        '2x2 same': (ODD, {'kernelSize': 2, 'padding': 'same'}),
        '3x3 padded by 2': (EVEN, {'kernelSize': 3, 'stride': 2, 'padding': 2}),
        '3x3 padded unevenly': (ODD, {'kernelSize': 3, 'padding': [[0, 1], [2, 1]], 'bias': True}),
        '3x3 symmetric, dilation 2': (ODD, {'kernelSize': 3, 'dilation': 2, 'padding': 'symmetric', 'bias': True}),
        '3x3 same, dilation 2, stride 2': (ODD, {'kernelSize': 3, 'dilation': 2, 'stride': 2, 'padding': 'same'}),
        '2x2 valid, dilation 3': (EVEN, {'kernelSize': 2, 'dilation': 3}),
    }
    return [(f'{layer} {name}', layer, {**channels, **o}, {'shape': shape}) for name, (shape, o) in options.items()]


def grouped_convolutions():
    options = {
        '2 of 4 to 8 channels': (4, 8, 2, ODD, {'kernelSize': 3, 'padding': 'symmetric'}),
        '32 of 4 to 4': (128, 128, 32, (1, 128, 3, 4), {'kernelSize': 3, 'padding': 'symmetric'}),
        '2 of 8 to 8, stride 2': (16, 16, 2, ODD, {'kernelSize': 3, 'stride': 2, 'padding': 'symmetric'}),
        '2 of 8 to 12, same, stride 2': (16, 24, 2, EVEN, {'kernelSize': 3, 'stride': 2, 'padding': 'same', 'bias': True}),
        '3 of 12 to 4, uneven padding': (36, 12, 3, ODD, {'kernelSize': 3, 'padding': [[0, 1], [2, 1]], 'bias': True}),
        '2 of 8 to 4, dilation 2': (16, 8, 2, EVEN, {'kernelSize': 3, 'dilation': 2, 'padding': 'symmetric'}),
        '2 of 4 to 4, dilation 2, stride 2': (8, 8, 2, ODD, {'kernelSize': 3, 'dilation': 2, 'stride': 2, 'padding': 'same'}),
        '2 of 32 to 32, 2x2, stride 2': (64, 64, 2, (1, 2, 3, 3), {'kernelSize': 2, 'stride': 2, 'padding': 'same'}),
        '2 of 4 to 8, 5x5, stride 3': (8, 16, 2, ODD, {'kernelSize': 5, 'stride': 3, 'padding': 'same'}),
        '2 of 4 to 4, 1x1': (8, 8, 2, ODD, {'kernelSize': 1, 'bias': True}),
        '2 of 4 to 4, 1x1, stride 2': (8, 8, 2, ODD, {'kernelSize': 1, 'stride': 2}),
        '3 of 2 to 3': (6, 9, 3, ODD, {'kernelSize': 3, 'padding': 'symmetric', 'bias': True}),
        '3 of 5 to 4': (15, 12, 3, EVEN, {'kernelSize': 2, 'stride': 2}),
        'as many as channels': (5, 5, 5, ODD, {'kernelSize': 3, 'padding': 'symmetric', 'bias': True}),
        'as many as channels, 2 filters each': (5, 10, 5, EVEN, {'kernelSize': 3, 'stride': 2, 'padding': 'same'}),
    }
    return [
        (f'Conv2D groups: {name}', 'Conv2D', {'inChannels': inputs, 'filters': filters, 'groups': groups, **o},
         {'shape': (shape[0], inputs, *shape[2:])})
        for name, (inputs, filters, groups, shape, o) in options.items()
    ]


LAYER_CASES = [
    *convolutions('Conv2D', inChannels=2, filters=3),
    *convolutions('DepthwiseConv2D', channels=2),
    *grouped_convolutions(),
    ('BatchNorm unbiased', 'BatchNorm', {'channels': 2, **TORCH_NORM}, {'shape': EVEN}),
    ('BatchNorm biased', 'BatchNorm', {'channels': 2, **KERAS_NORM}, {'shape': EVEN}),
    ('BatchNorm of one pixel', 'BatchNorm', {'channels': 3, **TORCH_NORM}, {'shape': (4, 3, 1, 1)}),
    ('BatchNorm far from zero', 'BatchNorm', {'channels': 2, **TORCH_NORM}, {'shape': ODD, 'scale': 3, 'shift': 10}),
    ('BatchNorm in evaluation', 'BatchNorm', {'channels': 2, **TORCH_NORM}, {'shape': ODD, 'training': False}),
    ('ReLU', 'ReLU', {}, {'shape': EVEN}),
    ('ReLU6', 'ReLU6', {}, {'shape': EVEN, 'scale': 12}),
    ('Sigmoid', 'Sigmoid', {}, {'shape': EVEN, 'scale': 6}),
    ('Swish', 'Swish', {}, {'shape': EVEN, 'scale': 6}),
    ('Swish far from zero', 'Swish', {}, {'shape': EVEN, 'scale': 200}),
    ('SqueezeExcite relu', 'SqueezeExcite', {'channels': 3, 'squeezeChannels': 2}, {'shape': (2, 3, 3, 4), 'shift': 1}),
    (
        'SqueezeExcite swish',
        'SqueezeExcite',
        {'channels': 3, 'squeezeChannels': 1, 'activation': 'swish'},
        {'shape': (2, 3, 3, 4)},
    ),
    ('Dense', 'Dense', {'inFeatures': 7, 'units': 4}, {'shape': (3, 7)}),
    # Below zero throughout: padding with zeros instead of -inf would win.
    *(
        (f'MaxPool {name}', 'MaxPool', options, {'shape': shape, 'shift': -2})
        for name, shape, options in [
            ('2, valid', ODD, {'size': 2}),
            ('3, symmetric, stride 2', EVEN, {'size': 3, 'stride': 2, 'padding': 'symmetric'}),
            ('3, same, stride 2', EVEN, {'size': 3, 'stride': 2, 'padding': 'same'}),
            ('3, padded unevenly', ODD, {'size': 3, 'stride': 1, 'padding': [[0, 1], [1, 0]]}),
        ]
    ),
    *(
        (f'AvgPool {name}', 'AvgPool', options, {'shape': shape})
        for name, shape, options in [
            ('2, valid', ODD, {'size': 2}),
            ('3, same, stride 2', EVEN, {'size': 3, 'stride': 2, 'padding': 'same'}),
            ('3, symmetric, counted', EVEN, {'size': 3, 'stride': 2, 'padding': 'symmetric'}),
            (
                '3, symmetric, not counted',
                EVEN,
                {'size': 3, 'stride': 2, 'padding': 'symmetric', 'countPadding': False},
            ),
            (
                '3, padded unevenly, not counted',
                ODD,
                {'size': 3, 'stride': 1, 'padding': [[0, 1], [1, 0]], 'countPadding': False},
            ),
        ]
    ),
    ('GlobalAvgPool', 'GlobalAvgPool', {}, {'shape': ODD}),
    ('ZeroPadding', 'ZeroPadding', {'padding': 2}, {'shape': (2, 2, 2, 3)}),
    ('ZeroPadding unevenly', 'ZeroPadding', {'padding': [[0, 1], [2, 3]]}, {'shape': (2, 2, 2, 3)}),
]


class PadShortcut(nn.Module):
    """The paper's option A."""

    def __init__(self, before, after, stride):
        super().__init__()
        self.pads, self.stride = (0, 0, 0, 0, before, after), stride

    def forward(self, x):
        return F.pad(x[:, :, :: self.stride, :: self.stride], self.pads)


class NoShortcut(nn.Module):
    """A plain block's: adding it changes nothing."""

    def forward(self, x):
        return 0


def set_convolutions(block, padding='symmetric', bias=False):
    """Gives every convolution of a block a padding, and a bias where batch norm follows it."""
    for module in list(block.modules()):
        for name, conv in list(module.named_children()):
            if isinstance(conv, nn.Conv2d) and not isinstance(module, torchvision.ops.SqueezeExcitation):
                inputs, filters, kernel, stride = conv.in_channels, conv.out_channels, conv.kernel_size[0], conv.stride[0]
                setattr(module, name, Conv(inputs, filters, kernel, stride, 1, padding, bias, conv.groups))
    return block


def residual_block(kind, inChannels, channels, stride=1, shortcut='projection', strideIn='3x3', convention='torchvision'):
    norm = functools.partial(batch_norm, **CONVENTIONS[convention]['batchNorm'])
    filters = channels if kind == 'basic' else 4 * channels
    downsample = None
    if shortcut == 'none':
        downsample = NoShortcut()
    elif stride != 1 or inChannels != filters:
        if shortcut == 'pad':
            before = (filters - inChannels) // 2
            downsample = PadShortcut(before, filters - inChannels - before, stride)
        else:
            downsample = nn.Sequential(nn.Conv2d(inChannels, filters, 1, stride), norm(filters))
    make = BasicBlock if kind == 'basic' else Bottleneck
    block = make(inChannels, channels, stride, downsample, norm_layer=norm)
    if strideIn == '1x1':
        block.conv1.stride, block.conv2.stride = (stride, stride), (1, 1)
    return set_convolutions(block, **CONVENTIONS[convention]['convolutions'])


def mb_conv(inChannels, outChannels, kernelSize, expandRatio, stride=1, squeezeRatio=0.25, activation='swish', convention='torchvision'):
    norm = functools.partial(batch_norm, **CONVENTIONS[convention]['batchNorm'])
    config = MBConvConfig(expandRatio, kernelSize, stride, inChannels, outChannels, 1, 1, 1)
    kinds = {} if squeezeRatio else {'se_layer': lambda *_, **__: nn.Identity()}
    block = MBConv(config, stochastic_depth_prob=0.0, norm_layer=norm, **kinds)
    if activation == 'relu6':
        for unit in block.block:
            if len(list(unit.children())) == 3:
                unit[2] = nn.ReLU6()
    return set_convolutions(block, **CONVENTIONS[convention]['convolutions'])


# As src/models/conventions.ts has them.
CONVENTIONS = {
    'torchvision': {'batchNorm': TORCH_NORM, 'convolutions': {}},
    'keras resnet': {'batchNorm': {**KERAS_NORM, 'epsilon': 1.001e-5}, 'convolutions': {'bias': True}},
    'keras efficientnet': {'batchNorm': KERAS_NORM, 'convolutions': {'padding': 'same'}},
}
BLOCKS = {'ResidualBlock': residual_block, 'MBConv': mb_conv}
BASIC, BOTTLENECK = {'kind': 'basic'}, {'kind': 'bottleneck'}
MB_CONV = {'inChannels': 8, 'outChannels': 8, 'kernelSize': 3}
BLOCK_CASES = [
    (f'{block} {name}', block, options, {'shape': (2, options['inChannels'], *size)})
    for block, cases in {
        'ResidualBlock': {
            'basic': ((4, 5), {**BASIC, 'inChannels': 3, 'channels': 3}),
            'basic, projection': ((6, 6), {**BASIC, 'inChannels': 2, 'channels': 3, 'stride': 2}),
            'basic, padded': ((5, 6), {**BASIC, 'inChannels': 2, 'channels': 5, 'stride': 2, 'shortcut': 'pad'}),
            'basic, padded channels': ((3, 4), {**BASIC, 'inChannels': 2, 'channels': 4, 'shortcut': 'pad'}),
            'basic, plain': ((4, 5), {**BASIC, 'inChannels': 3, 'channels': 3, 'shortcut': 'none'}),
            'basic, plain, stride 2': ((5, 6), {**BASIC, 'inChannels': 2, 'channels': 3, 'stride': 2, 'shortcut': 'none'}),
            'bottleneck, plain': ((3, 4), {**BOTTLENECK, 'inChannels': 8, 'channels': 2, 'shortcut': 'none'}),
            'bottleneck': ((4, 5), {**BOTTLENECK, 'inChannels': 8, 'channels': 2}),
            'bottleneck, projection': ((3, 4), {**BOTTLENECK, 'inChannels': 3, 'channels': 2}),
            'bottleneck, stride in the 3x3': ((6, 6), {**BOTTLENECK, 'inChannels': 3, 'channels': 2, 'stride': 2}),
            'bottleneck, stride in the 1x1': (
                (6, 6),
                {
                    **BOTTLENECK,
                    'inChannels': 3,
                    'channels': 2,
                    'stride': 2,
                    'strideIn': '1x1',
                    'convention': 'keras resnet',
                },
            ),
        },
        # torchvision rounds channels to multiples of 8.
        'MBConv': {
            'not expanded, with skip': ((3, 4), {**MB_CONV, 'expandRatio': 1}),
            'not expanded': ((3, 4), {**MB_CONV, 'outChannels': 16, 'expandRatio': 1}),
            'expanded, with skip': ((4, 3), {**MB_CONV, 'kernelSize': 5, 'expandRatio': 2}),
            'expanded, stride 2': ((4, 4), {**MB_CONV, 'expandRatio': 3, 'stride': 2}),
            'same padding, stride 2': (
                (4, 4),
                {**MB_CONV, 'kernelSize': 5, 'expandRatio': 2, 'stride': 2, 'convention': 'keras efficientnet'},
            ),
            'Lite': ((3, 3), {**MB_CONV, 'expandRatio': 2, 'squeezeRatio': 0, 'activation': 'relu6'}),
        },
    }.items()
    for name, (size, options) in cases.items()
]
# Some in evaluation too.
BLOCK_CASES += [
    (f'{name}, in evaluation', block, options, {**x, 'training': False})
    for name, block, options, x in BLOCK_CASES
    if name
    in (
        'ResidualBlock basic',
        'ResidualBlock basic, plain',
        'ResidualBlock bottleneck, projection',
        'MBConv expanded, with skip',
        'MBConv Lite',
    )
]

LEAVES = {'running_mean': 'runningMean', 'running_var': 'runningVariance'}


def our_name(module, path):
    """Our path of one of PyTorch's in the same module."""
    *parts, leaf = path.split('.')
    leaf = LEAVES.get(leaf, leaf)
    pair = {'0': 'conv', '1': 'norm'}
    if isinstance(module, torchvision.ops.SqueezeExcitation):
        parts = [{'fc1': 'reduce', 'fc2': 'expand'}[parts[0]]]
    elif isinstance(module, (BasicBlock, Bottleneck)):
        if parts[0] == 'downsample':
            parts = ['shortcut', pair[parts[1]]]
        else:
            kind, number = parts[0][:-1], parts[0][-1]
            parts = [f'conv{number}', {'conv': 'conv', 'bn': 'norm'}[kind]]
    elif isinstance(module, MBConv):
        _, unit, inner = parts
        units = ['expand', 'depthwise', 'squeezeExcite', 'project'][4 - len(module.block) :]
        name = units[int(unit)]
        parts = [name, {'fc1': 'reduce', 'fc2': 'expand', **pair}[inner]]
    return '.'.join([*parts, leaf])


def rule_tensor(name, shape, scale=1.0, shift=0.0):
    return torch.from_numpy((scale * rule.values(name, tuple(shape)) + shift).astype(np.float32).astype(np.float64))


def fill(module):
    """Fills a module by the rule on our names; returns its tensors by these."""
    tensors = {}
    for path, owner in module.named_modules():
        for leaf, tensor in [*owner.named_parameters(recurse=False), *owner.named_buffers(recurse=False)]:
            if leaf == 'num_batches_tracked':
                continue
            name = our_name(module, f'{path}.{leaf}' if path else leaf)
            v = rule.values(name, tuple(tensor.shape))
            if isinstance(owner, nn.BatchNorm2d):
                v = rule.batch_norm(leaf, v)
            elif leaf == 'bias':
                v = 0.1 * v
            else:
                v = v * np.sqrt((6 if tensor.dim() == 4 else 3) / np.prod(tensor.shape[1:]))
            tensor.data = torch.from_numpy(v.astype(np.float32).astype(np.float64))
            tensors[name] = tensor
    return tensors


def listed(tensor):
    return [float(f'{v:.8g}') for v in tensor.detach().flatten().tolist()]


def run(make, name, layer, options, x):
    training = x.get('training', True)
    values = {'scale': x.get('scale', 1), 'shift': x.get('shift', 0)}
    module = make[layer](**options).double().train(training)
    tensors = fill(module)
    image = rule_tensor('x', x['shape'], **values).requires_grad_()
    y = module(image)
    y.backward(rule_tensor('dy', y.shape))
    parameters = dict(module.named_parameters())
    gradients = {n: t.grad for n, t in tensors.items() if t.requires_grad}
    assert len(gradients) == len(parameters)
    return {
        'name': name,
        'layer': layer,
        'options': options,
        'training': training,
        'x': {'shape': list(x['shape']), **values},
        'y': {'shape': list(y.shape), 'values': listed(y)},
        'gradients': {'x': listed(image.grad), **{n: listed(g) for n, g in gradients.items()}},
        'statistics': {n: listed(t) for n, t in tensors.items() if not t.requires_grad},
    }


if __name__ == '__main__':
    made_by = f'torch {torch.__version__}, torchvision {torchvision.__version__}'
    for file, make, cases in [('layers', LAYERS, LAYER_CASES), ('blocks', BLOCKS, BLOCK_CASES)]:
        lines = ',\n'.join(json.dumps(run(make, *case), separators=(',', ':')) for case in cases)
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), f'{file}.json'), 'w') as f:
            f.write(f'{{"made by": {json.dumps(made_by)}, "cases": [\n{lines}\n]}}\n')
