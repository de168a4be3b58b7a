"""What keras.applications computes for its ResNets and EfficientNets under the weights of rule.py.

    python3 keras_models.py    # writes keras/NAME_SIZE.json beside this file

Logits (no softmax), and the output of every stage, in evaluation mode. A variable's name is its path in Keras, such as
`conv1_conv/kernel`; tensors are in Keras's layout, images NHWC. Keras's EfficientNets start with layers of preprocessing
(Rescaling, Normalization); the reference starts after these, at the stem. keras/initial.json holds the moments of each
variable that Keras starts with. Needs keras with a backend, and numpy.
"""
import json, os
import keras, numpy as np
import rule

BATCH = 2
# An odd size as well: padding at stride 2 differs there.
CASES = [('ResNet50', 64), ('ResNet50', 65), ('ResNet101', 64), ('EfficientNetB0', 64), ('EfficientNetB0', 65), ('EfficientNetB3', 64)]


def fill(model):
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            continue  # before the stem
        for variable in layer.weights:
            leaf = variable.path.rsplit('/', 1)[1]
            v = rule.values(variable.path, tuple(variable.shape))
            if isinstance(layer, keras.layers.BatchNormalization):
                v = rule.batch_norm(leaf, v)
            elif leaf == 'bias':
                v = 0.1 * v
            elif isinstance(layer, keras.layers.DepthwiseConv2D):
                v = v * np.sqrt(6 / np.prod(variable.shape[:2]))
            else:
                v = v * np.sqrt((6 if len(variable.shape) == 4 else 3) / np.prod(variable.shape[:-1]))
            variable.assign(v.astype(np.float32))
    return model


def stages(model):
    """The last layer of each stage: conv2_block3_out, ..., or block1a_project_bn, block2b_add, ..."""
    names = [layer.name for layer in model.layers]
    prefixes = [f'conv{i}_' for i in range(2, 6)] if 'conv2_block1_out' in names else [f'block{i}' for i in range(1, 8)]
    blocks = [[name for name in names if name.startswith(prefix)] for prefix in prefixes]
    last = [block[-1] for block in blocks if block]
    return {name: model.get_layer(name).output for name in last}


def reference(name, size):
    keras.backend.clear_session()
    model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), classifier_activation=None)
    total = model.count_params()
    fill(model)
    stem = model.get_layer('stem_conv_pad' if name.startswith('EfficientNet') else 'conv1_pad')
    outputs = {**stages(model), 'logits': model.output}
    x = rule.values('input', (BATCH, size, size, 3)).astype(np.float32)
    values = keras.Model(stem.input, outputs).predict(x, verbose=0)
    logits = values.pop('logits')
    return {
        'made by': f'keras {keras.__version__} on {keras.backend.backend()}',
        'input': [BATCH, size, size, 3],
        'parameters': total,
        'stages': {k: rule.summary(values[k]) for k in outputs if k != 'logits'},
        'logits': [[rule.rounded(q) for q in row] for row in logits],
    }


def initial(name):
    keras.utils.set_random_seed(0)
    model = getattr(keras.applications, name)(weights=None)
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.Normalization)]
    values = {v.path: np.asarray(v, np.float64) for layer in layers for v in layer.weights}
    return {k: rule.moments(v) for k, v in values.items()}


if __name__ == '__main__':
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'keras')
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, 'initial.json'), 'w') as f:
        json.dump({name: initial(name) for name in ('ResNet50', 'EfficientNetB0')}, f)
    for name, size in CASES:
        with open(os.path.join(folder, f'{name}_{size}.json'), 'w') as f:
            json.dump(reference(name, size), f)
        print(name, size, flush=True)
