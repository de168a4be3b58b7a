"""What PyPI's imagecorruptions makes of a picture, with our random numbers in the place of numpy's.

    pip install imagecorruptions==1.1.2 numpy==1.26.4 scipy==1.10.1 scikit-image==0.20.0 opencv-python-headless 'setuptools<70'
    python3 corruptions.py    # writes corruptions.json beside this file

Values are rounded here, where the package cuts them to whole numbers. Impulse noise takes its random numbers from a place that cannot be
replaced, and frost takes pictures that are not ours: of both, and of all as a check, mean and deviation over many draws are noted.
"""
import json, math, os
import numpy as np
from PIL import Image
import imagecorruptions
from imagecorruptions import corruptions as ic
from skimage.filters import gaussian

import rule
from sfc32 import sfc32, splitmix32

WIDTH, HEIGHT, DRAWS = 64, 48, 40

# The package was written for an older scikit-image.
ic.gaussian = lambda image, sigma, multichannel=False, **others: gaussian(
    image, sigma=sigma, channel_axis=-1 if multichannel else None, **others)


class Stream:
    """Our generator, as src/core/random.ts."""

    def __init__(self, seed):
        words = splitmix32(seed)
        self.stream = sfc32(next(words), next(words), next(words), 1)
        for _ in range(12):
            next(self.stream)

    def one(self, low=0.0, high=1.0):
        return low + (high - low) * (next(self.stream) / 2**32)

    def uniform(self, low=0.0, high=1.0, size=None):
        if size is None:
            return self.one(low, high)
        return np.array([self.one(low, high) for _ in range(int(np.prod(size)))]).reshape(size)

    def normal(self, loc=0.0, scale=1.0, size=None):
        values = []
        while len(values) < np.prod(size):
            while True:
                u, v = self.one(-1, 1), self.one(-1, 1)
                s = u * u + v * v
                if 0 < s < 1:
                    break
            factor = scale * math.sqrt(-2 * math.log(s) / s)
            values += [u * factor, v * factor]
        noise = np.array(values[:int(np.prod(size))], np.float32) + np.float32(loc)
        return noise.astype(np.float64).reshape(size)

    def randint(self, low, high, size):
        return [low + math.floor(self.one(0, high - low)) for _ in range(int(np.prod(size)))]

    def poisson(self, means):
        def draw(mean):
            if mean == 0:
                return 0
            u, count, share = self.one(), 0, math.exp(-mean)
            total = share
            while total <= u:
                count += 1
                share *= mean / count
                total += share
            return count
        return np.array([draw(mean) for mean in means.ravel()]).reshape(means.shape)


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
