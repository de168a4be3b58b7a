"""What efficientnet_lite_pytorch computes for EfficientNet-Lite under the weights of rule.py, by its own names.

    python3 lite_models.py    # writes lite_models.json beside this file

Logits of one image in evaluation mode, in float64: in float32 PyTorch's own of Lite4 are off by 7e-5 of their
deviation. Needs torch, numpy and efficientnet_lite_pytorch.
"""
import contextlib, io, json, os
import numpy as np, torch
from efficientnet_lite_pytorch import EfficientNet
import rule

# An odd size as well: padding at stride 2 differs there.
CASES = [('efficientnet-lite0', 64), ('efficientnet-lite0', 65), ('efficientnet-lite4', 64)]


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
    return model


def logits(name, size):
    with contextlib.redirect_stdout(io.StringIO()):
        model = fill(EfficientNet.from_name(name, image_size=size)).eval()
    x = torch.from_numpy(rule.values('input', (1, 3, size, size)).astype(np.float32))
    with torch.no_grad():
        return [rule.rounded(q) for q in model.double()(x.double())[0]]


if __name__ == '__main__':
    results = [{'model': name, 'size': size, 'logits': logits(name, size)} for name, size in CASES]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lite_models.json'), 'w') as f:
        json.dump(results, f)
