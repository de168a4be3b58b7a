"""What torchvision, on PIL images, makes of images by fixed parameters.

    python3 augment.py    # writes augment.json beside this file

Images are those of vision.py: filled by rule.py. Needs torchvision.
"""
import hashlib, json, os
import PIL, torchvision
from torchvision.transforms import functional as F
import rule
from vision import rule_image

IMAGES = [(17, 23), (32, 32)]


def digest(image):
    return hashlib.sha256(image.tobytes()).hexdigest()


def cases():
    """By name, a function of an image."""
    yield 'flip', F.hflip
    for left, top, width, height in ((3, 2, 10, 9), (-4, 3, 20, 14), (5, -2, 40, 40), (60, 60, 5, 5)):
        yield f'crop {left} {top} {width} {height}', lambda x: F.crop(x, top, left, height, width)


if __name__ == '__main__':
    result = {}
    for name, change in cases():
        result[name] = [
            {'size': size, 'sha256': digest(out), 'spread': rule.spread(out, 12)}
            for size in IMAGES
            for out in [change(rule_image(*size))]
        ]
    golden = {'made by': f'Pillow {PIL.__version__}, torchvision {torchvision.__version__}', 'cases': result}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'augment.json'), 'w') as f:
        json.dump(golden, f)
