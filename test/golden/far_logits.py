"""Losses and their gradients where logits are far apart, by PyTorch in double precision.

    python3 far_logits.py    # writes far_logits.json beside this file

Needs torch.
"""
import json, os
import torch
import torch.nn.functional as F

LABELS = torch.tensor([0, 1, 4])
SOFT = torch.tensor([[0.5, 0.5, 0, 0, 0], [0.25, 0.25, 0.25, 0.125, 0.125], [0, 0, 0, 0.75, 0.25]], dtype=torch.float64)


def rows(distance):
    """The first row is certain and wrong, the second certain and right, the third has two likely classes, both wrong."""
    d = distance
    return [[-d, 0.0, -1.0 - d, -2.0 * d, 0.5 - d], [-d, 0.0, -0.5 * d, -d, -2.0 * d], [0.0, 0.5, -d, -d, -1.5 * d]]


def focal(logits, targets, gamma):
    log_p = F.log_softmax(logits, 1)
    return -(targets * (-torch.expm1(log_p)) ** gamma * log_p).sum() / len(logits)


CASES = {
    'cross entropy': lambda x: F.cross_entropy(x, LABELS),
    'cross entropy, smoothed': lambda x: F.cross_entropy(x, LABELS, label_smoothing=0.1),
    'cross entropy, soft': lambda x: F.cross_entropy(x, SOFT),
    'cross entropy, soft and smoothed': lambda x: F.cross_entropy(x, SOFT, label_smoothing=0.2),
    'focal': lambda x: focal(x, F.one_hot(LABELS, 5), 2),
    'focal, soft': lambda x: focal(x, SOFT, 1),
}


def solved():
    for distance in [0, 1, 80, 200, 745, 1e4, 1e30]:
        # As single precision holds them.
        logits = torch.tensor(rows(distance)).double()
        cases = {}
        for name, loss in CASES.items():
            x = logits.clone().requires_grad_()
            value = loss(x)
            value.backward()
            cases[name] = {'value': value.item(), 'gradient': x.grad.flatten().tolist()}
        losses = F.cross_entropy(logits, LABELS, reduction='none').tolist()
        yield {'distance': distance, 'logits': logits.flatten().tolist(), 'losses': losses, 'cases': cases}


def masked():
    """A class of -infinity, which is no image's."""
    x = torch.tensor([[1.0, -torch.inf, 2.0], [0.5, -torch.inf, -1e4]], dtype=torch.float64, requires_grad=True)
    value = F.cross_entropy(x, torch.tensor([0, 2]))
    value.backward()
    smoothed = F.cross_entropy(x, torch.tensor([0, 2]), label_smoothing=0.1).item()
    impossible = F.cross_entropy(x, torch.tensor([0, 1])).item()
    return {'value': value.item(), 'gradient': x.grad.flatten().tolist(), 'others': [str(smoothed), str(impossible)]}


if __name__ == '__main__':
    golden = {
        'made by': f'torch {torch.__version__}',
        'labels': LABELS.tolist(),
        'soft': SOFT.flatten().tolist(),
        'cases': list(solved()),
        'masked': masked(),
    }
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'far_logits.json'), 'w') as f:
        json.dump(golden, f)
