"""What PyPI's imagecorruptions makes of a picture, with our random numbers in the place of numpy's.

    pip install imagecorruptions==1.1.2 numpy==1.26.4 scipy==1.10.1 scikit-image==0.20.0 opencv-python-headless 'setuptools<70'
    python3 corruptions.py    # writes corruptions.json beside this file

Values are rounded here, where the package cuts them to whole numbers. Impulse noise takes its random numbers from a place that cannot be
replaced, and frost takes pictures that are not ours: of both, and of all as a check, mean and deviation over many draws are noted.
"""
import json, os
import numpy as np
from PIL import Image
import imagecorruptions
from imagecorruptions import corruptions as ic
from skimage.filters import gaussian

import rule
from sfc32 import Stream

WIDTH, HEIGHT, DRAWS = 64, 48, 40

# The package was written for an older scikit-image.
ic.gaussian = lambda image, sigma, multichannel=False, **others: gaussian(
    image, sigma=sigma, channel_axis=-1 if multichannel else None, **others)


def picture():
    y, x, c = np.mgrid[0:HEIGHT, 0:WIDTH, 0:3]
    return ((x * (3 + c) + y * 2 + (x // 8 + y // 6) % 2 * 60 + c * 25) % 256).astype(np.uint8)


def corrupted(name, severity):
    made = ic.__dict__[name](Image.fromarray(picture()), severity)
    return np.rint(np.asarray(made, np.float64))


numpys = {name: getattr(np.random, name) for name in ['uniform', 'normal', 'randint', 'poisson']}
result = {'imagecorruptions': '1.1.2', 'cases': [], 'draws': []}
for name in imagecorruptions.get_corruption_names('all'):
    for severity in range(1, 6):
        np.random.seed(severity)
        made = [corrupted(name, severity) for _ in range(DRAWS)]
        result['draws'].append({
            'name': name, 'severity': severity,
            'means': rule.rounded(np.mean([image.mean() for image in made])),
            'deviations': rule.rounded(np.mean([image.std() for image in made])),
        })
        if name in ('impulse_noise', 'frost'):
            continue
        stream = Stream(severity)
        for each in numpys:
            setattr(np.random, each, getattr(stream, each))
        image = corrupted(name, severity)
        for each, function in numpys.items():
            setattr(np.random, each, function)
        result['cases'].append({'name': name, 'severity': severity, **rule.summary(image, 61)})
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'corruptions.json'), 'w') as f:
    json.dump(result, f)
