"""Exchanges weights with a network of keras.applications, and prints its logits as JSON.

    python3 keras_exchange.py NETWORK SIZE FOLDER    # ResNet50, 64, a folder with ours.weights.h5

ours.weights.h5 is what encode wrote of the model filled by rule.py. It is loaded here, its variables are compared with
the rule's bit for bit, and `loaded` are the logits: of an EfficientNet for the pixels that it normalises to the rule's image.
Then the network, filled by the rule here, is written to the folder: keras3.weights.h5, keras3.keras and keras3.h5, and
keras2.h5 as Keras 2 wrote the published files. `own` are its logits from the stem on.

`test/weights/formats/keras-itself.test.ts` runs it where the environment's SKIPSCALE_PYTHON names a Python that has h5py, keras and
tf_keras on tensorflow.
"""
import json, sys
import keras, numpy as np, tf_keras
import keras_models, rule

# ImageNet's, which the preprocessing of EfficientNets has and so encode wrote.
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def build(applications, network, size):
    return getattr(applications, network)(weights=None, input_shape=(size, size, 3), classifier_activation=None)


def values(model):
    """By the variables' paths in Keras 3, without what precedes the stem and the states of random numbers."""
    paths = {getattr(v, 'path', v.name).removesuffix(':0').replace('depthwise_', ''): v for v in model.variables}
    return {path: v for path, v in paths.items() if 'normalization/' not in path and 'seed_generator' not in path}


if __name__ == '__main__':
    network, size, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    x = rule.values('input', (1, size, size, 3)).astype(np.float32)
    is_efficientnet = network.startswith('EfficientNet')

    model = build(keras.applications, network, size)
    model.load_weights(f'{folder}/ours.weights.h5')
    loaded = model.predict(255 * (MEAN + STD * x) if is_efficientnet else x, verbose=0)
    given = {path: np.array(v) for path, v in values(model).items()}

    own = values(keras_models.fill(model))
    assert given.keys() == own.keys()
    for path, v in own.items():
        assert np.array_equal(given[path], np.asarray(v)), path
    stem = model.get_layer('stem_conv_pad' if is_efficientnet else 'conv1_pad')
    own_logits = keras.Model(stem.input, model.output).predict(x, verbose=0)
    for kind in ('keras', 'h5'):
        model.save(f'{folder}/keras3.{kind}')
    model.save_weights(f'{folder}/keras3.weights.h5')

    old = build(tf_keras.applications, network, size)
    for path, v in values(old).items():
        v.assign(np.asarray(own[path]))
    old.save_weights(f'{folder}/keras2.h5')
    print(json.dumps({'loaded': loaded[0].tolist(), 'own': own_logits[0].tolist()}))
