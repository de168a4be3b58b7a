"""Small files of Keras's formats, with the weights of rule.py by their paths.

    python3 keras_files.py    # writes keras_files/*.h5, *.weights.h5, *.keras, expected.json and halves.json

Needs h5py, keras with a backend that has bfloat16, and numpy.
"""
import gzip, json, os, zlib
import h5py, keras, numpy as np
from keras import layers
import rule

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'keras_files')


def network():
    x = inputs = keras.Input((8, 8, 3))
    x = layers.Rescaling(1 / 255)(x)
    x = layers.Normalization(name='normalization')(x)
    x = layers.Conv2D(4, 3, use_bias=False, name='stem_conv')(x)
    x = layers.BatchNormalization(name='stem_bn')(x)
    x = layers.DepthwiseConv2D(3, use_bias=False, name='block1a_dwconv')(x)
    x = layers.BatchNormalization(name='block1a_bn')(x)
    x = layers.Conv2D(2, 1, name='block1a_se_reduce')(x)
    x = layers.Dropout(0.5, name='top_dropout')(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(2, name='predictions')(x))


def fill(model):
    for v in arrays(model):
        v.assign(rule.values(v.path, tuple(v.shape)).astype(v.dtype))
    return model


def arrays(model):
    return [v for v in model.variables if 'seed_generator' not in v.path]


def halves(dtype):
    """Saves the network in a type of two bytes, and gives what Keras reads from the file."""
    keras.config.set_dtype_policy(dtype)
    model = fill(network())
    model.save(f'{FOLDER}/{dtype}.h5')
    model.save_weights(f'{FOLDER}/{dtype}.weights.h5')
    again = network()
    again.load_weights(f'{FOLDER}/{dtype}.weights.h5')
    return {v.path: np.float32(keras.ops.convert_to_numpy(v)).ravel().tolist() for v in arrays(again)}


def sharded():
    """Weights in files of at most 500 bytes of numbers, as Keras 3.15 saves large ones; what is expected is the same as of one file."""
    model = fill(network())
    model.save_weights(f'{FOLDER}/sharded.weights.json', max_shard_size=500 / 1024**3)


def bombs():
    """Files that say that little is much, or have much in little."""

    def dataset(name, chunk, data):
        with h5py.File(name, 'w') as f:
            d = f.create_dataset('a/a/kernel', (10,), 'f4', maxshape=(None,), chunks=chunk, compression='gzip')
            d.id.write_direct_chunk((0,), data)

    dataset(f'{FOLDER}/refused-chunk.h5', (2**28,), zlib.compress(bytes(4096)))
    bomb = f'{FOLDER}/refused-bomb.h5'
    dataset(bomb, (1024,), zlib.compress(bytes(2**28), 9))
    with open(bomb, 'rb') as f, gzip.GzipFile(f'{bomb}.gz', 'w', 9, mtime=0) as packed:
        packed.write(f.read())
    os.remove(bomb)
    with h5py.File(f'{FOLDER}/refused-expanding.h5', 'w') as f:
        f.create_dataset('a/a/kernel', data=np.zeros(2**21, 'f4'), chunks=True, compression='gzip')


if __name__ == '__main__':
    os.makedirs(FOLDER, exist_ok=True)
    model = fill(network())
    # An optimizer with state, as after training.
    model.compile(optimizer='adam', loss='mse')
    model.optimizer.build(model.trainable_variables)
    model.save(f'{FOLDER}/model.h5')
    model.save(f'{FOLDER}/model.keras')
    model.save_weights(f'{FOLDER}/weights.weights.h5')
    # As Keras 2 and keras_applications named them, compressed.
    with h5py.File(f'{FOLDER}/model.h5') as new, h5py.File(f'{FOLDER}/keras2.h5', 'w') as old:
        def copy(name, item):
            if isinstance(item, h5py.Dataset) and item.shape and 'seed' not in name:
                name = name.replace('predictions', 'probs')
                name = name.replace('dwconv/kernel', 'dwconv/depthwise_kernel') + ':0'
                old.create_dataset(name, data=item[()], compression='gzip')
        new['model_weights'].visititems(copy)
    with h5py.File(f'{FOLDER}/doubles.h5', 'w') as f:
        f['head/head/kernel:0'] = np.float32([[1, 2]])
        f['head/head/bias:0'] = np.float64([0.1, 0.2])
        f['head/head/text'] = 'words'
    with h5py.File(f'{FOLDER}/refused-unnamed.weights.h5', 'w') as f:
        f['layers/dense/vars/0'] = np.float32([1])
    with h5py.File(f'{FOLDER}/refused-loop.h5', 'w') as f:
        loop = f.create_group('a')
        loop['a'] = loop
    with h5py.File(f'{FOLDER}/refused-huge.h5', 'w') as f:
        f.create_dataset('a/a/kernel', shape=(10**10,), dtype='f4', chunks=(1024,))
    with h5py.File(f'{FOLDER}/refused-twice.h5', 'w') as f:
        f['a/conv/kernel'] = f['b/conv/kernel'] = np.float32([1])
    with h5py.File(f'{FOLDER}/refused-big-endian.h5', 'w') as f:
        f['a/a/kernel'] = np.array([1], '>f4')
    with h5py.File(f'{FOLDER}/external.h5', 'w') as f:
        f['a/a/kernel'] = np.float32([1])
        f['b'] = h5py.ExternalLink('/etc/passwd', '/')
        f['c'] = h5py.SoftLink('/nowhere')
    sharded()
    bombs()
    with open(f'{FOLDER}/expected.json', 'w') as f:
        json.dump({v.path: list(v.shape) for v in arrays(model)}, f)
    with open(f'{FOLDER}/halves.json', 'w') as f:
        json.dump({dtype: halves(dtype) for dtype in ('float16', 'bfloat16')}, f)
