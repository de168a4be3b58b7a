"""What PyTorch and timm make of losses, optimizers and learning rates.

    python3 training.py    # writes training.json beside this file

Values are those of rule.py: logits and soft targets of the names below; parameters `kernel` and `bias`; the gradients
of step t of the names `kernel.t` and `bias.t`. Everything is computed in float64. Needs torch, torchvision, timm
and torchmetrics.
"""
import json, os, warnings
import numpy as np, timm, torch, torchmetrics
from torch import nn
import torch.nn.functional as F
from timm.optim import Lamb, RMSpropTF
from timm.scheduler import CosineLRScheduler, StepLRScheduler
from torch.optim import lr_scheduler
from torchmetrics.functional import classification as metrics
from torchvision.models.resnet import BasicBlock
import rule

N, CLASSES = 6, 5
SHAPES = {'kernel': (2, 2, 3, 4), 'bias': (4,)}
STEPS = 20
LEARNING_RATE = 0.01


def tensor(name, shape):
    return torch.tensor(rule.values(name, shape))


def numbers(x):
    return [rule.rounded(v) for v in np.asarray(x.detach(), np.float64).ravel()]


def losses():
    labels = torch.tensor([int(v) for v in np.floor((rule.values('labels', (N,)) + 1) / 2 * CLASSES)])
    soft = F.softmax(3 * tensor('targets', (N, CLASSES)), 1)
    weights = 1 + 0.5 * tensor('weights', (CLASSES,))

    def focal(logits, targets, gamma, weights=None):
        p = F.softmax(logits, 1)
        terms = targets * (1 - p) ** gamma * torch.log(p)
        return -(terms if weights is None else terms * weights).sum(1).mean()

    one_hot = F.one_hot(labels, CLASSES).double()
    cases = {
        'cross entropy': lambda x: F.cross_entropy(x, labels),
        'cross entropy, smoothed': lambda x: F.cross_entropy(x, labels, label_smoothing=0.1),
        'cross entropy, soft': lambda x: F.cross_entropy(x, soft),
        'cross entropy, soft and smoothed': lambda x: F.cross_entropy(x, soft, label_smoothing=0.2),
        'focal': lambda x: focal(x, one_hot, 2),
        'focal, gamma 0.5, weighted': lambda x: focal(x, one_hot, 0.5, weights),
        'focal, soft': lambda x: focal(x, soft, 2),
        'mean squared error': lambda x: F.mse_loss(x, soft),
    }
    result = {'labels': labels.tolist(), 'soft': numbers(soft), 'weights': numbers(weights), 'cases': {}}
    for name, loss in cases.items():
        logits = (4 * tensor('logits', (N, CLASSES))).requires_grad_()
        value = loss(logits)
        value.backward()
        result['cases'][name] = {'value': rule.rounded(value.item()), 'gradient': numbers(logits.grad)}
    return result


def optimizers():
    cases = {
        'SGD': (torch.optim.SGD, {}),
        'SGD, momentum': (torch.optim.SGD, dict(momentum=0.9, weight_decay=0.1)),
        'SGD, Nesterov': (torch.optim.SGD, dict(momentum=0.9, nesterov=True, weight_decay=0.1)),
        'RMSProp': (RMSpropTF, dict(alpha=0.9, momentum=0.9, eps=1e-3, weight_decay=0.1)),
        'RMSProp, decoupled': (RMSpropTF, dict(alpha=0.95, eps=1e-3, weight_decay=0.1, decoupled_decay=True)),
        'Adam': (torch.optim.Adam, dict(weight_decay=0.1)),
        'AdamW': (torch.optim.AdamW, dict(betas=(0.8, 0.95), weight_decay=0.1)),
        'LAMB': (Lamb, dict(weight_decay=0.1, max_grad_norm=None)),
    }
    result = {}
    for name, (make, options) in cases.items():
        parameters = {name: torch.nn.Parameter(tensor(name, shape)) for name, shape in SHAPES.items()}
        spared = {'params': [parameters['bias']], 'weight_decay': 0}
        optimizer = make([{'params': [parameters['kernel']]}, spared], lr=LEARNING_RATE, **options)
        trace = {}
        for step in range(1, STEPS + 1):
            for key, parameter in parameters.items():
                parameter.grad = tensor(f'{key}.{step}', SHAPES[key])
            optimizer.step()
            if step in (1, 2, STEPS):
                trace[step] = {key: numbers(parameter) for key, parameter in parameters.items()}
        result[name] = trace
    return result


def clipping():
    result = {}
    for limit in (0.5, 100):
        parameters = [torch.nn.Parameter(tensor(name, shape)) for name, shape in SHAPES.items()]
        for (name, shape), parameter in zip(SHAPES.items(), parameters):
            parameter.grad = tensor(f'{name}.1', shape)
        norm = torch.nn.utils.clip_grad_norm_(parameters, limit)
        result[limit] = {'norm': rule.rounded(norm), 'gradients': [numbers(p.grad) for p in parameters]}
    return result


def schedules():
    """The rates of steps 0 to 29."""
    warnings.filterwarnings('ignore', message='.*lr_scheduler.step.*')

    def torch_rates(make):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.4)
        scheduler = make(optimizer)
        rates = []
        for step in range(30):
            rates.append(rule.rounded(optimizer.param_groups[0]['lr']))
            if step < 29:
                scheduler.step()
        return rates

    def timm_rates(make):
        scheduler = make(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.4))
        return [rule.rounded(scheduler._get_lr(step)[0]) for step in range(30)]

    warm = dict(warmup_t=5, warmup_prefix=True)
    return {
        'constant': torch_rates(lambda o: lr_scheduler.ConstantLR(o, factor=1)),
        'step': torch_rates(lambda o: lr_scheduler.MultiStepLR(o, [10, 20], 0.1)),
        'exponential, stairs': timm_rates(lambda o: StepLRScheduler(o, 2.4, 0.97)),
        'exponential': torch_rates(lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
        'cosine': torch_rates(lambda o: lr_scheduler.CosineAnnealingLR(o, 29, 0.01)),
        'polynomial': torch_rates(lambda o: lr_scheduler.PolynomialLR(o, 25, 2)),
        'one cycle': torch_rates(lambda o: lr_scheduler.OneCycleLR(o, 0.4, total_steps=30)),
        'cosine, warm-up': timm_rates(lambda o: CosineLRScheduler(o, 20, warmup_lr_init=0.02, **warm)),
        'exponential, warm-up': timm_rates(lambda o: StepLRScheduler(o, 2.4, 0.97, **warm)),
    }


def evaluation():
    count, classes = 200, 7
    labels = torch.tensor([int(v) for v in np.floor((rule.values('true', (count,)) + 1) / 2 * classes)])
    logits = 2 * tensor('said', (count, classes))
    logits[torch.arange(count), labels] += 1.5
    p = F.softmax(logits, 1).float()
    common = dict(num_classes=classes)
    return {
        'probabilities': numbers(p),
        'labels': labels.tolist(),
        'loss': F.nll_loss(p.double().log(), labels).item(),
        'top1': metrics.multiclass_accuracy(p, labels, average='micro', **common).item(),
        'top5': metrics.multiclass_accuracy(p, labels, average='micro', top_k=5, **common).item(),
        'perClass': numbers(metrics.multiclass_accuracy(p, labels, average='none', **common)),
        'confusion': metrics.multiclass_confusion_matrix(p, labels, **common).tolist(),
        'calibrationError': metrics.multiclass_calibration_error(p, labels, n_bins=15, **common).item(),
    }


class Tiny(nn.Module):
    """The network of test/training/tiny.ts with projection shortcuts."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.layer1 = nn.Sequential(BasicBlock(4, 4))
        downsample = nn.Sequential(nn.Conv2d(4, 8, 1, 2, bias=False), nn.BatchNorm2d(8))
        self.layer2 = nn.Sequential(BasicBlock(4, 8, 2, downsample))
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        return self.fc(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))).mean((2, 3)))


def fill(model):
    for path, module in model.named_modules():
        for leaf, value in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]:
            if leaf == 'num_batches_tracked':
                continue
            v = rule.values(f'{path}.{leaf}', tuple(value.shape))
            if isinstance(module, nn.BatchNorm2d):
                v = rule.batch_norm(leaf, v)
            elif leaf == 'bias':
                v = 0.1 * v
            else:
                v = v * np.sqrt((6 if value.dim() == 4 else 3) / np.prod(value.shape[1:]))
            value.data = torch.from_numpy(v)


def training():
    """Twelve steps of a network on four images each, the step's bytes being those of the name `batch.STEP`."""
    steps, count, size = 12, 4, 8
    model = Tiny().double().train()
    fill(model)
    kernels = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() == 1]
    groups = [{'params': kernels, 'weight_decay': 0.01}, {'params': others}]
    optimizer = torch.optim.SGD(groups, lr=0.05, momentum=0.9, nesterov=True)
    scheduler = lr_scheduler.CosineAnnealingLR(optimizer, steps)
    mean, std = torch.tensor([0.485, 0.456, 0.406]).double(), torch.tensor([0.229, 0.224, 0.225]).double()
    losses, norms = [], []
    for step in range(steps):
        data = np.floor(128 * (rule.values(f'batch.{step}', (count, size, size, 3)) + 1))
        x = ((torch.from_numpy(data) / 255 - mean) / std).permute(0, 3, 1, 2)
        labels = torch.tensor([(i + step) % 3 for i in range(count)])
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), labels, label_smoothing=0.1)
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    state = {k: numbers(v) for k, v in model.state_dict().items() if not k.endswith('num_batches_tracked')}
    return {'losses': losses, 'norms': norms, 'state': state}


if __name__ == '__main__':
    golden = {
        'made by': f'torch {torch.__version__}, timm {timm.__version__}, torchmetrics {torchmetrics.__version__}',
        'losses': losses(),
        'optimizers': optimizers(),
        'clipping': clipping(),
        'schedules': schedules(),
        'evaluation': evaluation(),
        'training': training(),
    }
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'training.json'), 'w') as f:
        json.dump(golden, f)
