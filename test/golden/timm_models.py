"""What timm computes for its variants of ResNet and for EfficientNetV2 under the weights of rule.py, in float64.

    python3 timm_models.py [NAME ...]    # writes timm/NAME.json beside this file

As torchvision_models.py, which says what the files hold. The ResNets are narrow, so that a test takes a moment: their sizes
as published, named_models.py holds. Needs torch, torchvision, timm and numpy.
"""
import json, os, sys
import timm, torch
import torchvision_models

EIGHTH = {'channels': (8, 16, 32, 64), 'stem_width': 4}
QUARTER = {'channels': (16, 32, 64, 128), 'stem_width': 8}
MODELS = {
    'resnet18d': EIGHTH,
    'resnet50d': EIGHTH,
    'resnetrs50': EIGHTH,
    'seresnet18': {},  # timm has it in this width only
    'seresnext26d_32x4d': QUARTER,
    'tf_efficientnetv2_b0': {},
}
BOTTLENECKS = ['resnet50d', 'resnetrs50', 'seresnext26d_32x4d']


def build(name):
    return timm.create_model(name, **MODELS[name])


if __name__ == '__main__':
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'timm')
    os.makedirs(folder, exist_ok=True)
    for name in sys.argv[1:] or MODELS:
        content = torchvision_models.reference(name, build, BOTTLENECKS)
        content['made by'] = f'torch {torch.__version__}, timm {timm.__version__}'
        with open(os.path.join(folder, f'{name}.json'), 'w') as f:
            json.dump(content, f)
