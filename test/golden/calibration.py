"""What netcal, torchmetrics, scikit-learn and SciPy say of the calibration of logits.

    python3 calibration.py    # writes calibration.json beside this file

Logits are those of rule.py of the name `logits`, times a number; labels are drawn from the probabilities of other logits by the values
`labels`, so that some classes are wrong. Everything is computed in float64. Needs netcal, torchmetrics, scikit-learn and scipy.
"""
import json, os
import netcal, numpy as np, scipy, sklearn, torch, torchmetrics
from netcal.metrics import ECE, MCE
from netcal.scaling import TemperatureScaling
from scipy.optimize import minimize, minimize_scalar
from scipy.special import logsumexp, softmax
from sklearn.metrics import brier_score_loss
from torchmetrics.functional import classification as metrics
import rule

N, CLASSES, BINS = 400, 5, 15
LOGIT_SCALE, TRUE_SCALE = 6, 3


def data():
    base = np.asarray(rule.values('logits', (N, CLASSES)), np.float64)
    draws = (np.asarray(rule.values('labels', (N,)), np.float64) + 1) / 2
    bias = np.linspace(-0.5, 0.5, CLASSES)
    cumulative = softmax(TRUE_SCALE * base + bias, 1).cumsum(1)
    labels = np.minimum((draws[:, None] > cumulative).sum(1), CLASSES - 1)
    return (LOGIT_SCALE * base).astype(np.float32).astype(np.float64), labels


def nll(logits, labels):
    return float((logsumexp(logits, 1) - logits[np.arange(N), labels]).mean())


def measured(logits, labels):
    p = softmax(logits, 1)
    t, y = torch.tensor(p), torch.tensor(labels)
    class_wise = [metrics.binary_calibration_error(t[:, c], (y == c).long(), n_bins=BINS, norm='l1').item()
                  for c in range(CLASSES)]
    return {
        'expectedError': {
            'netcal': float(ECE(BINS).measure(p, labels)),
            'torchmetrics': metrics.multiclass_calibration_error(t, y, CLASSES, n_bins=BINS, norm='l1').item(),
        },
        'maximumError': {
            'netcal': float(MCE(BINS).measure(p, labels)),
            'torchmetrics': metrics.multiclass_calibration_error(t, y, CLASSES, n_bins=BINS, norm='max').item(),
        },
        'adaptiveError': {'netcal': float(ECE(BINS, equal_intervals=False).measure(p, labels))},
        'classWiseError': {
            'torchmetrics': float(np.mean(class_wise)),
            'netcal': float(np.mean([ECE(BINS).measure(p[:, c], (labels == c).astype(int)) for c in range(CLASSES)])),
        },
        'brierScore': {'sklearn': float(brier_score_loss(labels, p, scale_by_half=False, labels=range(CLASSES)))},
        'loss': {'scipy': nll(logits, labels)},
    }


def scalings(logits, labels):
    factor = minimize_scalar(lambda b: nll(b * logits, labels), bounds=(0.01, 10), method='bounded',
                             options={'xatol': 1e-12}).x
    one_hot = np.eye(CLASSES)[labels]

    def vector(x):
        scaled = logits * x[:CLASSES] + x[CLASSES:]
        error = (softmax(scaled, 1) - one_hot) / N
        return nll(scaled, labels), np.concatenate([(error * logits).sum(0), error.sum(0)])

    start = np.concatenate([np.ones(CLASSES), np.zeros(CLASSES)])
    found = minimize(vector, start, jac=True, method='L-BFGS-B', options={'ftol': 1e-16, 'gtol': 1e-10, 'maxiter': 5000})
    assert np.abs(found.jac).max() < 1e-7
    scaler = TemperatureScaling()
    scaler.fit(softmax(logits, 1), labels)
    return {'factor': factor, 'netcalTemperature': float(np.ravel(scaler.temperature)[0]),
            'vector': {'scale': found.x[:CLASSES].tolist(), 'bias': found.x[CLASSES:].tolist(), 'loss': float(found.fun)}}


logits, labels = data()
scaled = scalings(logits, labels)
result = {
    'versions': {m.__name__: m.__version__ for m in (netcal, np, scipy, sklearn, torch, torchmetrics)},
    'classes': CLASSES, 'logitScale': LOGIT_SCALE, 'labels': labels.tolist(),
    'plain': measured(logits, labels), 'scaled': measured(logits * scaled['factor'], labels), 'scaling': scaled,
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'calibration.json'), 'w') as f:
    json.dump(result, f, indent=1)
    f.write('\n')
