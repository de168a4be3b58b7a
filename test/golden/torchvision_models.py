"""What torchvision computes for its ResNets and EfficientNets under the weights of rule.py.

    python3 torchvision_models.py [NAME ...]    # writes torchvision/NAME.json beside this file

The file is not called torchvision.py, which `import torchvision` would find. Logits and stages in evaluation mode, and one training step (dropout and stochastic depth off): loss, gradients, running
statistics after it. Tensors are in PyTorch's layout. Needs torch, torchvision and numpy.
"""
import json, os, sys
import numpy as np, torch, torchvision
import rule

NAMES = ['resnet%d' % d for d in (18, 34, 50, 101, 152)] + ['efficientnet_b%d' % i for i in range(8)]
BATCH, SIZE = 2, 64


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


def stages(model, x):
    """The output of a ResNet's stem and layers, or of each member of an EfficientNet's `features`; and of the pooling."""
    parts = dict(model.named_children())
    if 'features' in parts:
        parts = {f'features.{k}': m for k, m in parts['features'].named_children()}
    else:
        parts = {k: m for k, m in parts.items() if k.startswith('layer') or k == 'maxpool'}
    parts['avgpool'] = model.avgpool
    outputs = {}
    hooks = [m.register_forward_hook(lambda _m, _i, y, k=k: outputs.update({k: rule.summary(y)})) for k, m in parts.items()]
    logits = model(x)
    for hook in hooks:
        hook.remove()
    return outputs, logits


def reference(name):
    model = fill(getattr(torchvision.models, name)(weights=None)).eval()
    x = torch.from_numpy(rule.values('input', (BATCH, 3, SIZE, SIZE)).astype(np.float32))
    with torch.no_grad():
        outputs, logits = stages(model, x)
    model.train()
    loss = torch.nn.functional.cross_entropy(model(x), torch.arange(BATCH))
    loss.backward()
    running = {k: t for k, t in model.state_dict().items() if 'running' in k}
    return {
        'made by': f'torch {torch.__version__}, torchvision {torchvision.__version__}',
        'input': [BATCH, 3, SIZE, SIZE],
        'parameters': sum(p.numel() for p in model.parameters()),
        'logits': [[rule.rounded(q) for q in row] for row in logits.tolist()],
        'stages': outputs,
        'loss': rule.rounded(loss),
        'gradients': {k: rule.norm_and_spread(p.grad) for k, p in model.named_parameters()},
        'running': {k: rule.norm_and_spread(t) for k, t in running.items()},
    }


if __name__ == '__main__':
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'torchvision')
    os.makedirs(folder, exist_ok=True)
    for name in sys.argv[1:] or NAMES:
        with open(os.path.join(folder, f'{name}.json'), 'w') as f:
            json.dump(reference(name), f)
        print(name, flush=True)
