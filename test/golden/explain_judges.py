"""What quantus says of a map, with the network of explain.py.

    python3 explain_judges.py    # writes explain_judges.json beside this file

Needs torch and quantus.
"""
import importlib.metadata, json, os
import numpy as np, quantus, torch
import rule
from explain import N, SIDE, TARGETS, network, rounded

STEPS = 16


# It counts the pixels, and not their channels, which it takes one by one.
quantus.helpers.asserts.assert_features_in_step = lambda *_, **__: None


def main():
    model = network().float()
    x = rule.values('images', (N, SIDE, SIDE, 3)).astype(np.float32).transpose(0, 3, 1, 2).copy()
    maps = rule.values('maps', (N, 1, SIDE, SIDE))
    targets = np.array(TARGETS)
    # The three channels of a pixel go one after the other.
    pixels = np.concatenate([maps, maps - 1e-9, maps - 2e-9], 1)
    flipping = quantus.PixelFlipping(features_in_step=3 * SIDE * SIDE // STEPS, perturb_baseline=0.0, normalise=False, disable_warnings=True)
    curves = flipping(model=model, x_batch=x, y_batch=targets, a_batch=pixels, softmax=False)
    probabilities = flipping(model=model, x_batch=x, y_batch=targets, a_batch=pixels, softmax=True)
    inside = np.zeros((N, 1, SIDE, SIDE))
    inside[:, :, 2:12, 3:10] = 1
    common = dict(model=model, x_batch=x, y_batch=targets, a_batch=maps, s_batch=inside, softmax=False)
    options = dict(abs=False, normalise=False, disable_warnings=True)
    return {
        'made by': f"quantus {importlib.metadata.version('quantus')}, torch {torch.__version__}",
        'deletion': [rounded(curve) for curve in np.array(curves)],
        'deletion probability': [rounded(curve) for curve in np.array(probabilities)],
        'hits': [bool(hit) for hit in quantus.PointingGame(**options)(**common)],
        'shares': rounded(quantus.AttributionLocalisation(positive_attributions=True, **options)(**common)),
    }


if __name__ == '__main__':
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'explain_judges.json'), 'w') as f:
        json.dump(main(), f, indent=1)
