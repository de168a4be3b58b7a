"""What keras.applications computes for EfficientNetV2 under the weights of rule.py, in float64.

    KERAS_BACKEND=torch python3 keras_v2.py    # writes keras/NAME.json beside this file

Logits and stages in evaluation mode, and one training step (dropout off): loss, gradients, running statistics after it. Names,
layout and preprocessing are as in keras_models.py. `float32` says how far Keras itself is off in float32, relative to the deviation
of an output and to the norm of the gradient. The last batch norm of each block is scaled by 0.2 first: without it activations grow
until squeeze-excitation multiplies rounding errors. Needs keras with torch, and numpy.
"""
import json, os
import keras, numpy as np, torch
import rule
from keras_models import fill, stages

BATCH = 2
PROJECTION_SCALE = 0.2
# The sides of the images of evaluation and of training: odd ones as well, since padding at stride 2 differs there.
CASES = {'EfficientNetV2B0': (64, 65), 'EfficientNetV2S': (65, 64)}


def build(name, size, dtype):
    keras.backend.clear_session()
    keras.config.set_floatx(dtype)
    network = getattr(keras.applications, name)
    model = fill(network(weights=None, input_shape=(size, size, 3), include_preprocessing=False, classifier_activation=None))
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0
        if layer.name.endswith('project_bn'):
            layer.gamma.assign(layer.gamma * PROJECTION_SCALE)
            layer.beta.assign(layer.beta * PROJECTION_SCALE)
    return model


def images(size, dtype):
    return rule.values('input', (BATCH, size, size, 3)).astype(np.float32).astype(dtype)


def evaluate(name, size, dtype):
    model = build(name, size, dtype)
    outputs = keras.Model(model.input, {**stages(model), 'logits': model.output}).predict(images(size, dtype), verbose=0)
    return model, {k: np.asarray(v, np.float64) for k, v in outputs.items()}


def train(name, size, dtype):
    model = build(name, size, dtype)
    logits = model(images(size, dtype), training=True)
    loss = torch.nn.functional.cross_entropy(logits, torch.arange(BATCH))
    loss.backward()
    gradients = {v.path: v.value.grad.double().numpy() for v in model.trainable_weights}
    running = {v.path: v.value.detach().double().numpy() for v in model.non_trainable_weights}
    return loss.item(), gradients, running


def norm(tensors):
    return np.sqrt(sum(np.linalg.norm(t) ** 2 for t in tensors))


def reference(name, evaluation_size, training_size):
    model, exact = evaluate(name, evaluation_size, 'float64')
    _, single = evaluate(name, evaluation_size, 'float32')
    evaluation_off = max(np.abs(single[k] - a).max() / a.std() for k, a in exact.items())
    order = list(stages(model))
    loss, gradients, running = train(name, training_size, 'float64')
    _, rounded, _ = train(name, training_size, 'float32')
    training_off = norm(rounded[k] - g for k, g in gradients.items()) / norm(gradients.values())
    print(name, evaluation_off, training_off, flush=True)
    return {
        'made by': f'keras {keras.__version__} on torch {torch.__version__}',
        'parameters': model.count_params(),
        'projectionScale': PROJECTION_SCALE,
        'evaluation': {
            'input': [BATCH, evaluation_size, evaluation_size, 3],
            'float32': float(f'{evaluation_off:.1e}'),
            'logits': [[rule.rounded(q) for q in row] for row in exact['logits']],
            'stages': {k: rule.summary(exact[k]) for k in order},
        },
        'training': {
            'input': [BATCH, training_size, training_size, 3],
            'float32': float(f'{training_off:.1e}'),
            'loss': rule.rounded(loss),
            'gradients': {k: rule.norm_and_spread(g) for k, g in gradients.items()},
            'running': {k: rule.norm_and_spread(t) for k, t in running.items()},
        },
    }


if __name__ == '__main__':
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'keras')
    for name, sizes in CASES.items():
        with open(os.path.join(folder, f'{name}.json'), 'w') as f:
            json.dump(reference(name, *sizes), f)
