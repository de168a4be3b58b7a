"""Small encoded images, and what Pillow and torchvision make of them and of others: decoding, resizing, preprocessing.

    python3 vision.py [FOLDER OF CIFAR-10 JPEGS]    # writes vision.json and images/ beside this file

The images are drawn by formulas, or filled by rule.py: byte = floor(128 (v + 1)) of the values called 'HEIGHTxWIDTH'.
The optional folder holds CLASS/NNNN.jpg, of which only digests are kept. Needs torchvision, numpy, and Pillow 13: older
ones resize rows before columns also where height shrinks by over twice as much as width.
"""
import base64, hashlib, json, os, struct, sys, zlib
import numpy as np, PIL, torchvision
from PIL import Image, ImageCms, ImageOps
from torchvision.transforms import InterpolationMode, functional
import rule

HERE = os.path.dirname(os.path.abspath(__file__))
HEIGHT, WIDTH = 24, 36
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH]
MODES = {'bilinear': InterpolationMode.BILINEAR, 'bicubic': InterpolationMode.BICUBIC}


def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png16(values):
    """A PNG of 16 bits a channel, grey or RGB, which Pillow does not write."""
    height, width = values.shape[:2]
    colour = 2 if values.ndim == 3 else 0
    rows = b''.join(b'\0' + row.astype('>u2').tobytes() for row in values)
    header = struct.pack('>IIBBBBB', width, height, 16, colour, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')


def red_blue_profile():
    """An ICC profile that says that red is blue and blue is red: who applies it changes every colour."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes().replace(b'rXYZ', b'????').replace(
        b'bXYZ', b'rXYZ').replace(b'????', b'bXYZ')  # fmt: skip


def write_images():
    """Writes images/, and returns each file's size and pixels as Pillow decodes them."""
    rgb = Image.fromarray(np.stack([X * 7, Y * 10, X * Y % 256], -1).astype(np.uint8))
    rgba = rgb.copy()
    rgba.putalpha(Image.fromarray((X * 5).astype(np.uint8)))
    palette = rgb.quantize(16)
    inverse = ImageOps.invert(rgb)
    files = {
        'baseline.jpg': (rgb, {'quality': 60}),
        'progressive.jpg': (rgb, {'progressive': True, 'subsampling': 0}),
        'grey.jpg': (rgb.convert('L'), {}),
        'cmyk.jpg': (rgb.convert('CMYK'), {'quality': 95}),
        'profile.png': (rgb, {'icc_profile': red_blue_profile()}),
        'profile.jpg': (rgb, {'icc_profile': red_blue_profile()}),
        'rgb.png': (rgb, {}),
        'alpha.png': (rgba, {}),
        'grey.png': (rgb.convert('L'), {}),
        'grey-alpha.png': (rgba.convert('LA'), {}),
        'one-bit.png': (rgb.convert('1'), {}),
        'palette.png': (palette, {'bits': 4}),
        'palette-alpha.png': (palette, {'transparency': 3}),
        'lossy.webp': (rgb, {}),
        'lossless.webp': (rgb, {'lossless': True}),
        'alpha.webp': (rgba, {'lossless': True, 'exact': True}),
        'animation.webp': (rgb, {'save_all': True, 'append_images': [inverse]}),
        'still.gif': (palette, {}),
        'animation.gif': (palette, {'save_all': True, 'append_images': [inverse.quantize(16)]}),
    }
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        files[f'orientation-{orientation}.jpg'] = (rgb, {'exif': exif})
    os.makedirs(os.path.join(HERE, 'images'), exist_ok=True)
    decoded = {}
    for name, (image, options) in files.items():
        path = os.path.join(HERE, 'images', name)
        image.save(path, **options)
        decoded[name] = pixels(ImageOps.exif_transpose(Image.open(path)).convert('RGB'))
    # Pillow saturates 16 bits of grey at 255; here they keep their high byte, as Pillow's own 16 bits of RGB.
    for name, values in {'grey16.png': X * 1800 + Y, 'rgb16.png': np.stack([X * 1800, Y * 2700, X * Y * 80], -1)}.items():
        with open(os.path.join(HERE, 'images', name), 'wb') as f:
            f.write(png16(values))
        high = (values >> 8).astype(np.uint8)
        decoded[name] = pixels(Image.fromarray(high).convert('RGB'))
    return decoded


def pixels(image):
    return {'height': image.height, 'width': image.width, 'data': base64.b64encode(image.tobytes()).decode()}


def digest(image):
    return hashlib.sha256(image.tobytes()).hexdigest()


def rule_image(height, width):
    v = rule.values(f'{height}x{width}', (height, width, 3))
    return Image.fromarray(np.floor(128 * (v + 1)).astype(np.uint8))


def resized():
    cases = [
        ((40, 60), (20, 30)), ((61, 43), (17, 29)), ((37, 53), (37, 20)), ((37, 53), (12, 53)), ((20, 30), (40, 60)),
        ((7, 5), (31, 64)), ((48, 21), (33, 40)), ((1, 9), (5, 3)), ((97, 1), (10, 4)), ((30, 30), (30, 30)), ((90, 80), (1, 1)),
    ]  # fmt: skip
    for source, target in cases:
        for name, mode in {'nearest': InterpolationMode.NEAREST, **MODES}.items():
            out = functional.resize(rule_image(*source), target, mode, antialias=True)
            yield {'from': source, 'to': target, 'interpolation': name, 'spread': rule.spread(out, 24), 'sha256': digest(out)}


def hard_edges():
    """Black and white, whose overshoot is clipped between the two passes."""
    cases = [
        ((40, 20), (9, 17)), ((64, 7), (11, 5)), ((33, 12), (5, 12)), ((30, 9), (8, 30)), ((20, 31), (13, 9)),
        ((9, 9), (31, 4)), ((1, 40), (1, 9)), ((40, 1), (9, 1)), ((2, 3), (20, 11)), ((41, 21), (20, 11)),
    ]  # fmt: skip
    for (height, width), target in cases:
        y, x, c = np.mgrid[0:height, 0:width, 0:3]
        image = Image.fromarray(np.where((3 * x + 5 * y + c) % 7 < 3, 255, 0).astype(np.uint8))
        for name, mode in MODES.items():
            out = functional.resize(image, target, mode, antialias=True)
            data = base64.b64encode(out.tobytes()).decode()
            yield {'from': (height, width), 'to': target, 'interpolation': name, 'data': data}


def crops():
    cases = [
        ((40, 60), 32, 28), ((43, 37), 32, 29), ((31, 64), 32, 32), ((20, 90), 20, 20), ((50, 50), 16, 24), ((33, 90), 17, 41),
        ((120, 30), 20, 17),
    ]  # fmt: skip
    for source, resize, size in cases:
        for name, mode in MODES.items():
            out = functional.center_crop(functional.resize(rule_image(*source), resize, mode, antialias=True), size)
            yield {'from': source, 'resize': resize, 'size': size, 'interpolation': name, 'sha256': digest(out)}


def preprocessed():
    """The transforms that torchvision publishes with its weights."""
    names = ['ResNet%d' % d for d in (18, 34, 50, 101, 152)] + ['EfficientNet_B%d' % i for i in range(8)]
    for name in names:
        transform = getattr(torchvision.models, f'{name}_Weights').IMAGENET1K_V1.transforms()
        for size in ((250, 333), (401, 300), (90, 57)):
            tensor = transform(rule_image(*size)).permute(1, 2, 0)
            yield {'model': name.lower(), 'image': size, **rule.summary(tensor)}


def photos(folder):
    """Digests of CIFAR-10 photos decoded, and resized to 256 and cropped to 224."""
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name, '0000.jpg')
        image = Image.open(path).convert('RGB')
        crop = {
            mode: digest(functional.center_crop(functional.resize(image, 256, MODES[mode], antialias=True), 224))
            for mode in MODES
        }
        yield {'file': f'{name}/0000.jpg', 'decoded': digest(image), **crop}


if __name__ == '__main__':
    path = os.path.join(HERE, 'vision.json')
    kept = json.load(open(path))['photos'] if os.path.exists(path) else []
    golden = {
        'made by': f'Pillow {PIL.__version__}, torchvision {torchvision.__version__}',
        'decoded': write_images(),
        'resized': list(resized()),
        'hardEdges': list(hard_edges()),
        'crops': list(crops()),
        'preprocessed': list(preprocessed()),
        'photos': list(photos(sys.argv[1])) if len(sys.argv) > 1 else kept,
    }
    with open(path, 'w') as f:
        json.dump(golden, f)
