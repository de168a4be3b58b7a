"""What the processors of Hugging Face transformers make of a photo, with the files that they save.

    python3 hub_preprocessing.py    # writes hub_preprocessing.json beside this file

The processors are those on Pillow, which the networks were published with. Their settings are those of the named
repositories, or variants of them. Needs transformers, torch, torchvision and Pillow.
"""
import json, os, tempfile
import numpy as np, transformers
from PIL import Image
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.efficientnet.image_processing_pil_efficientnet import EfficientNetImageProcessorPil
import rule

HERE = os.path.dirname(os.path.abspath(__file__))
PHOTO = os.path.join(HERE, '..', '..', 'examples', 'photos', 'cat.jpg')
IMAGENET = {'image_mean': [0.485, 0.456, 0.406], 'image_std': [0.229, 0.224, 0.225]}
# The square roots of the standard deviations: the processor divides by them twice.
ROOTS = {'image_mean': [0.485, 0.456, 0.406], 'image_std': [0.47853944, 0.4732864, 0.47434163]}


def efficientnet(size, **options):
    return EfficientNetImageProcessorPil(size={'height': size, 'width': size}, **{'resample': 0, **ROOTS, **options})


def processors():
    yield 'google/efficientnet-b0', efficientnet(224)
    yield 'google/efficientnet-b7', efficientnet(600)
    yield 'efficientnet with an offset', efficientnet(
        240, resample=3, rescale_factor=1 / 127.5, rescale_offset=True, include_top=False)
    yield 'microsoft/resnet-50', ConvNextImageProcessorPil(size={'shortest_edge': 224}, crop_pct=0.875, **IMAGENET)
    yield 'resnet at 384', ConvNextImageProcessorPil(size={'shortest_edge': 384}, resample=2, **IMAGENET)


def record(processor, photo):
    values = processor(photo, return_tensors='np')['pixel_values'][0]
    with tempfile.TemporaryDirectory() as folder:
        processor.save_pretrained(folder)
        with open(os.path.join(folder, 'preprocessor_config.json')) as f:
            config = json.load(f)
    return {'preprocessor_config.json': config, **rule.summary(np.ascontiguousarray(values.transpose(1, 2, 0)))}


if __name__ == '__main__':
    photo = Image.open(PHOTO).convert('RGB')
    golden = {'made by': f'transformers {transformers.__version__}'}
    golden['processors'] = {name: record(processor, photo) for name, processor in processors()}
    with open(os.path.join(HERE, 'hub_preprocessing.json'), 'w') as f:
        json.dump(golden, f, indent=1)
