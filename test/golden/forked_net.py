"""What PyTorch makes of the network of test/helpers/forked-net.ts: losses, metric and weights of three steps.

    python3 forked_net.py    # writes forked_net.json beside this file

Weights, inputs and targets are those of rule.py, in the layouts of this library. Everything is computed in float64. Needs
torch.
"""
import json, os
import numpy as np, torch
from torch import nn
import torch.nn.functional as F
import rule

N, SIZE, STEPS = 6, 4, 3


class Forked(nn.Module):
    """Paths as of the library's network; `first` runs twice."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(2))
        self.first = nn.Conv2d(2, 2, 3, padding=1)
        self.body = nn.ModuleDict({'norms': nn.ModuleList([nn.BatchNorm2d(2), nn.BatchNorm2d(2)])})
        self.heads = nn.ModuleDict({'classes': nn.Linear(4, 3), 'sizes': nn.Linear(4, 2)})

    def forward(self, map, facts):
        norms = self.body['norms']
        once = F.relu(norms[0](self.first(map)))
        twice = norms[1](self.first(once)) + map
        joined = torch.cat([twice.mean((2, 3)) * self.scale, facts], 1)
        return self.heads['classes'](joined), self.heads['sizes'](joined)


def ours(name):
    return name.replace('running_mean', 'runningMean').replace('running_var', 'runningVariance')


def to_ours(array):
    """OIHW to HWIO, [out, in] to [in, out]."""
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T


def to_torch(array):
    return array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T


def tensor(name, shape):
    return torch.tensor(np.ascontiguousarray(rule.values(name, shape)))


def main():
    model = Forked().double().train()
    state = {k: v for k, v in model.state_dict().items() if 'num_batches' not in k}
    with torch.no_grad():
        for name, variable in state.items():
            values = rule.values(ours(name), to_ours(variable.numpy()).shape)
            values = 1 + values / 2 if name.endswith('running_var') else values / 2
            variable.copy_(torch.tensor(np.ascontiguousarray(to_torch(values))))
    kernels = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() == 1]
    groups = [{'params': kernels, 'weight_decay': 0.01}, {'params': others}]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=True)
    losses, hits, norms = [], [], []
    for step in range(STEPS):
        x = tensor(f'map.{step}', (N, SIZE, SIZE, 2)).permute(0, 3, 1, 2)
        facts, sizes = tensor(f'facts.{step}', (N, 2)), tensor(f'sizes.{step}', (N, 2))
        labels = torch.tensor([(i + step) % 3 for i in range(N)])
        optimizer.zero_grad()
        logits, predicted = model(x, facts)
        loss = F.cross_entropy(logits, labels) + 0.5 * F.mse_loss(predicted, sizes)
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), 0.3).item())
        optimizer.step()
        losses.append(loss.item())
        hits.append((logits.argmax(1) == labels).double().mean().item())
    values = {ours(k): [rule.rounded(v) for v in to_ours(t.numpy()).ravel()] for k, t in state.items()}
    return {
        'made by': f'torch {torch.__version__}',
        **{'losses': losses, 'accuracies': hits, 'norms': norms, 'state': values},
    }


if __name__ == '__main__':
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'forked_net.json'), 'w') as f:
        json.dump(main(), f)
