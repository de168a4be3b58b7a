"""The losses of adversarial training and TRADES on one batch, by PyTorch in float64.

    python3 adversarial_training.py    # writes adversarial_training.json beside this file

PGD-7 without a random start, as Madry et al. 2017; TRADES as github.com/yaodongyu/TRADES, whose first noise comes from our generator. The
network is a convolution of 3 x 3, a ReLU, the mean over the image and a dense layer, on images normalised as ImageNet's.
"""
import json, os
import numpy as np
import torch
import torch.nn.functional as F

import rule
from sfc32 import Stream

SIDE, COUNT, CLASSES, STEPS, SEED = 6, 5, 3, 7, 1
torch.set_default_dtype(torch.float64)
mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
kernel = torch.tensor(rule.values('kernel', (3, 3, 3, 4)), requires_grad=True)
head = torch.tensor(3 * rule.values('head', (4, CLASSES)), requires_grad=True)
images = torch.tensor(0.5 + 0.5 * rule.values('images', (COUNT, SIDE, SIDE, 3)))
labels = torch.arange(COUNT) % CLASSES


def network(x):
    """Images [N, height, width, 3] from 0 to 1."""
    x = ((x - mean) / std).permute(0, 3, 1, 2)
    return F.relu(F.conv2d(x, kernel.permute(3, 2, 0, 1), padding=1)).mean((2, 3)) @ head


def ascend(start, loss, norm, radius):
    x = start.clone()
    for _ in range(STEPS):
        x.requires_grad_()
        gradient, = torch.autograd.grad(loss(network(x)), [x])
        x = x.detach()
        length = lambda v: v.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
        if norm == 'linf':
            change = (x + radius / 4 * gradient.sign() - images).clamp(-radius, radius)
        else:
            change = x + radius / 4 * gradient / length(gradient) - images
            change = change * (radius / length(change)).clamp(max=1)
        x = (images + change).clamp(0, 1)
    return x


def case(method, norm, radius):
    if method == 'adversarialTraining':
        attacked = ascend(images, lambda z: F.cross_entropy(z, labels, reduction='sum'), norm, radius)
        loss = F.cross_entropy(network(attacked), labels)
    else:
        clean = F.softmax(network(images), 1).detach()
        noise = torch.tensor(Stream(SEED).normal(scale=0.001, size=(COUNT, SIDE, SIDE, 3)))
        start = (images + noise).clamp(0, 1)
        attacked = ascend(start, lambda z: F.kl_div(F.log_softmax(z, 1), clean, reduction='sum'), norm, radius)
        z = network(images)
        robust = F.kl_div(F.log_softmax(network(attacked), 1), F.softmax(z, 1), reduction='batchmean')
        loss = F.cross_entropy(z, labels) + 6 * robust
    gradients = torch.autograd.grad(loss, [kernel, head])
    return {
        'method': method, 'norm': norm, 'radius': radius, 'loss': rule.rounded(loss.item()),
        'gradients': [rule.spread(each.detach().numpy(), 32) for each in gradients],
    }


cases = [case(method, norm, radius) for method in ('adversarialTraining', 'trades')
         for norm, radius in (('linf', 8 / 255), ('l2', 0.5))]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'adversarial_training.json'), 'w') as f:
    json.dump({'torch': torch.__version__, 'cases': cases}, f)
print([each['loss'] for each in cases])
