"""What torchcp, MAPIE, scikit-learn and cleanlab say of prediction sets, outliers and wrong labels.

    python3 uncertainty.py    # writes uncertainty.json beside this file

The logits and labels are those of calibration.py. Everything is computed in float64 (torchcp's sets too). Needs torch, torchcp, mapie,
scikit-learn and cleanlab.
"""
import json, os, sys
from unittest.mock import MagicMock
# Other parts of torchcp import them; its scores, which are used here, do not.
for name in ('torchsort', 'transformers', 'torch_geometric', 'torch_geometric.loader', 'torch_geometric.nn',
             'torch_geometric.data', 'torch_geometric.utils', 'torch_geometric.utils.convert'):
    sys.modules[name] = MagicMock()
import cleanlab, mapie, numpy as np, sklearn, torch, torchcp
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from mapie.classification import SplitConformalClassifier
from scipy.special import logsumexp, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.covariance import ShrunkCovariance
from sklearn.metrics import roc_auc_score, roc_curve
from torchcp.classification.score import APS, LAC, RAPS
import rule

HERE = os.path.dirname(os.path.abspath(__file__))
FEATURES, SHRINKAGE = 6, 0.1
given = json.load(open(os.path.join(HERE, 'calibration.json')))
labels, classes = np.array(given['labels']), given['classes']
N = len(labels)
logits = (given['logitScale'] * rule.values('logits', (N, classes))).astype(np.float32).astype(np.float64)
probabilities = softmax(logits, 1)
CALIBRATION = N // 2


def conformal():
    """Scores for u = 0, 1 and the values of a name; torchcp asks torch.rand for them."""
    result = {}
    p, y = torch.tensor(probabilities), torch.tensor(labels)
    rand = torch.rand
    for u in (0.0, 0.25, 1.0):
        torch.rand = lambda *shape, **_: torch.full(tuple(np.ravel(shape)), u, dtype=torch.float64)
        scores = {'aps': APS(), 'raps': RAPS(penalty=0.25, kreg=2)}
        result[str(u)] = {name: rule.norm_and_spread(score._calculate_all_label(p)) for name, score in scores.items()}
    torch.rand = rand
    result['lac'] = rule.norm_and_spread(LAC()._calculate_all_label(p))

    class Known(ClassifierMixin, BaseEstimator):
        classes_ = np.arange(classes)
        def fit(self, x, y): return self
        def predict(self, x): return probabilities[x[:, 0]].argmax(1)
        def predict_proba(self, x): return probabilities[x[:, 0]]
        def __sklearn_is_fitted__(self): return True

    places = np.arange(N)[:, None]
    result['sets'] = {}
    for coverage in (0.8, 0.9):
        model = SplitConformalClassifier(Known(), confidence_level=coverage, conformity_score='lac', prefit=True)
        model.conformalize(places[:CALIBRATION], labels[:CALIBRATION])
        sets = model.predict_set(places[CALIBRATION:])[1][:, :, 0]
        hits = sets[np.arange(N - CALIBRATION), labels[CALIBRATION:]]
        result['sets'][str(coverage)] = {'sizes': sets.sum(1).tolist(), 'coverage': float(hits.mean())}
    return result


def outliers():
    features = np.asarray(rule.values('features', (N, FEATURES))) + np.eye(classes, FEATURES)[labels] * 2
    features[:, 1] += features[:, 0]
    others = 1.5 * np.asarray(rule.values('others', (100, FEATURES))) + 0.3
    means = np.stack([features[labels == c].mean(0) for c in range(classes)])
    shared = ShrunkCovariance(assume_centered=True, shrinkage=SHRINKAGE).fit(features - means[labels])
    distances = lambda x: np.min([shared.mahalanobis(x - mean) for mean in means], 0)

    def quality(known, unknown):
        truth, scores = np.r_[np.ones(len(known)), np.zeros(len(unknown))], -np.r_[known, unknown]
        false, true, _ = roc_curve(truth, scores, drop_intermediate=False)
        return {'auroc': float(roc_auc_score(truth, scores)), 'falsePositiveRate95': float(false[true >= 0.95].min())}

    energy = -2 * logsumexp(logits / 2, 1)
    softmaxes = 1 - probabilities.max(1)
    far = labels == 0
    return {
        'features': FEATURES, 'shrinkage': SHRINKAGE,
        'distances': {'known': rule.norm_and_spread(distances(features)), 'others': rule.norm_and_spread(distances(others)),
                      **quality(distances(features), distances(others))},
        'energy': {**rule.norm_and_spread(energy), **quality(energy[~far], energy[far])},
        'max-softmax': {**rule.norm_and_spread(softmaxes), **quality(softmaxes[~far], softmaxes[far])},
        'ties': quality(np.round(2 * softmaxes[~far]), np.round(2 * softmaxes[far])),
    }


def label_errors():
    """Of the labels, every seventh is changed."""
    changed = labels.copy()
    changed[::7] = (changed[::7] + 1) % classes
    # cleanlab counts an example with several confident classes for its likeliest class even where that one is not confident; the paper does not.
    thresholds = np.array([probabilities[changed == c, c].mean() for c in range(classes)])
    confident = probabilities >= thresholds - 1e-6
    assert not ((confident.sum(1) > 1) & ~confident[np.arange(N), probabilities.argmax(1)]).any()
    found = {name: find_label_issues(changed, probabilities, filter_by=filter_by, return_indices_ranked_by='self_confidence',
                                     n_jobs=1).tolist()
             for name, filter_by in {'noise-rate': 'prune_by_noise_rate', 'confident-joint': 'confident_learning'}.items()}
    return {'labels': changed.tolist(), 'found': found, 'quality': rule.norm_and_spread(get_label_quality_scores(changed, probabilities))}


result = {'versions': {m.__name__: m.__version__ for m in (cleanlab, np, sklearn, torch)} | {'mapie': mapie.__version__, 'torchcp': torchcp.__version__},
          'conformal': conformal(), 'outliers': outliers(), 'labelErrors': label_errors()}
with open(os.path.join(HERE, 'uncertainty.json'), 'w') as f:
    json.dump(result, f)
    f.write('\n')
