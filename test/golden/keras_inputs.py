"""Keras's preprocess_input in its three modes and of its networks, what EfficientNets do within, and decode_predictions.

    python3 keras_inputs.py    # writes keras_inputs.json beside this file

The images are filled by rule.py: value = floor(128 (v + 1)) of the values called 'HEIGHTxWIDTH'. Needs tensorflow and keras.
"""
import json, os
import numpy as np, keras
from keras.src.applications import imagenet_utils
import rule

HERE = os.path.dirname(os.path.abspath(__file__))
SIZE = (5, 7)


def image(dtype):
    v = rule.values('%dx%d' % SIZE, (*SIZE, 3))
    return np.floor(128 * (v + 1)).astype(dtype)


def efficientnet_input():
    """What the first layers make of an image, with the third one that the network with ImageNet's weights has."""
    variance = [0.229, 0.224, 0.225]
    layers = [
        keras.layers.Rescaling(1 / 255),
        keras.layers.Normalization(mean=[0.485, 0.456, 0.406], variance=variance),
        keras.layers.Rescaling([1 / np.sqrt(x) for x in variance]),
    ]
    x = image(np.float32)[None]
    for layer in layers:
        x = layer(x)
    return np.asarray(x)[0]


def inputs():
    for mode in ('caffe', 'torch', 'tf'):
        yield mode, imagenet_utils.preprocess_input(image(np.float32), mode=mode)
    for name in ('resnet', 'resnet50', 'efficientnet'):
        yield name, getattr(keras.applications, name).preprocess_input(image(np.float32))
    yield 'within efficientnet', efficientnet_input()


def decoded():
    imagenet_utils.CLASS_INDEX = {str(i): (str(i), f'class {i}') for i in range(1000)}
    logits = 10 * rule.values('logits', (2, 1000)).astype(np.float32)
    probabilities = np.asarray(keras.ops.softmax(logits))
    rows = imagenet_utils.decode_predictions(probabilities, top=4)
    return [[{'index': int(i), 'probability': rule.rounded(p)} for i, _, p in row] for row in rows]


if __name__ == '__main__':
    golden = {
        'made by': f'keras {keras.__version__}',
        'size': SIZE,
        'inputs': {name: [rule.rounded(v) for v in np.asarray(x).ravel()] for name, x in inputs()},
        'decoded': decoded(),
    }
    with open(os.path.join(HERE, 'keras_inputs.json'), 'w') as f:
        json.dump(golden, f)
