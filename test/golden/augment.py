"""What torchvision, on PIL images, makes of images by fixed parameters.

    python3 augment.py    # writes augment.json beside this file

Images are those of vision.py: filled by rule.py. Needs torchvision.
"""
import hashlib, itertools, json, os
import PIL, torch, torchvision
from torchvision.transforms import AutoAugment, InterpolationMode, functional as F
from torchvision.transforms.autoaugment import _apply_op
import rule
from vision import rule_image

# Height, width, and whether values are only from 40 to 125.
IMAGES = [(17, 23, False), (32, 32, False), (30, 41, True)]


def image(size, dim):
    whole = rule_image(*size)
    return whole.point(lambda v: v // 3 + 40) if dim else whole


def digest(image):
    return hashlib.sha256(image.tobytes()).hexdigest()


def cases():
    """By name, a function of an image."""
    yield 'flip', F.hflip
    for left, top, width, height in ((3, 2, 10, 9), (-4, 3, 20, 14), (5, -2, 40, 40), (60, 60, 5, 5)):
        yield f'crop {left} {top} {width} {height}', lambda x: F.crop(x, top, left, height, width)


def adjusted():
    for factor in (0, 0.3, 1, 1.7, 3):
        yield f'brightness {factor}', lambda x: F.adjust_brightness(x, factor)
        yield f'contrast {factor}', lambda x: F.adjust_contrast(x, factor)
        yield f'saturation {factor}', lambda x: F.adjust_saturation(x, factor)
        yield f'sharpness {factor}', lambda x: F.adjust_sharpness(x, factor)
    for shift in (-0.5, -0.123, 0, 0.01, 0.3, 0.5):
        yield f'hue {shift}', lambda x: F.adjust_hue(x, shift)
    for bits in (1, 4, 8):
        yield f'posterize {bits}', lambda x: F.posterize(x, bits)
    for threshold in (0, 113.5, 255):
        yield f'solarize {threshold}', lambda x: F.solarize(x, threshold)
    yield 'invert', F.invert
    yield 'autocontrast', F.autocontrast
    yield 'equalize', F.equalize


LEVELS = (0, 3, 6, 9)
OPERATIONS = (
    'Identity ShearX ShearY TranslateX TranslateY Rotate Brightness Color Contrast Sharpness Posterize Solarize '
    'AutoContrast Equalize Invert'
).split()


def operations():
    """torchvision's operations of AutoAugment and RandAugment, by name, level of 10 and sign."""
    for name in OPERATIONS:
        for level in LEVELS:
            for sign in (1, -1):
                yield f'operation {name} {level} {sign}', lambda x: operation(x, name, level, sign)


def magnitude(size, name, level):
    """The magnitude, and whether it has a sign."""
    magnitudes, signed = AutoAugment()._augmentation_space(10, size).get(name, (torch.tensor(0.0), False))
    return float(magnitudes[level]) if magnitudes.ndim else 0.0, signed


def operation(image, name, level, sign):
    value, signed = magnitude((image.height, image.width), name, level)
    return _apply_op(image, name, sign * value if signed else value, InterpolationMode.NEAREST, None)


if __name__ == '__main__':
    result = {}
    for name, change in itertools.chain(cases(), adjusted(), operations()):
        result[name] = [
            {'size': size, 'dim': dim, 'sha256': digest(out), 'spread': rule.spread(out, 12)}
            for *size, dim in IMAGES
            for out in [change(image(size, dim))]
        ]
    magnitudes = {
        name: {level: [magnitude(size, name, level)[0] for *size, _ in IMAGES] for level in LEVELS} for name in OPERATIONS
    }
    golden = {'made by': f'Pillow {PIL.__version__}, torchvision {torchvision.__version__}', 'magnitudes': magnitudes, 'cases': result}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'augment.json'), 'w') as f:
        json.dump(golden, f)
