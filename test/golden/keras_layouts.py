"""Where Keras keeps the variables of its ResNets and EfficientNets in the files that it saves.

    python3 keras_layouts.py    # writes keras_layouts.json beside this file

`files` has, for each kind of file, every data set of two networks: its path, type and shape, and the variable that it holds,
by the path that the variable has in Keras 3; which one it is, its values tell. The kinds are
- weights.h5: `save_weights` of Keras 3; `.keras` archives hold the same file, which is checked here;
- h5: `save` of Keras 3 under such a name, a whole model;
- keras2.h5: `save_weights` of Keras 2, as the published files of keras.applications are.
`layers` has, for every network, the hash of the lines "GROUP NAME [SHAPE] [SHAPE] ..." of the layers in weights.h5 that have
variables, but for those of preprocessing and the states of random numbers. Needs h5py, keras and tf_keras on tensorflow.
"""
import hashlib, io, json, os, tempfile, zipfile
import h5py, keras, numpy as np, tf_keras

NETWORKS = ['ResNet50', 'ResNet101', 'ResNet152', *(f'EfficientNetB{i}' for i in range(8))]


def numbered(model):
    """Fills each variable with its number; the paths of the variables in Keras 3, by this number."""
    variables = [v for v in model.variables if 'seed_generator' not in getattr(v, 'path', v.name)]
    for i, v in enumerate(variables):
        v.assign(np.full(v.shape, i, v.dtype if isinstance(v.dtype, str) else v.dtype.as_numpy_dtype))
    return [getattr(v, 'path', v.name).removesuffix(':0').replace('depthwise_', '') for v in variables]


def data_sets(file, paths):
    found = []

    def visit(path, item):
        if isinstance(item, h5py.Dataset) and 'seed_generator' not in path:
            first = np.ravel(item[()])[0]
            found.append([path, str(item.dtype), list(item.shape), paths[int(first)]])
            name = item.parent.attrs.get('name')
            assert name is None or name == found[-1][3].split('/')[0], (path, name)

    with h5py.File(file) as f:
        f.visititems(visit)
    assert sorted(entry[3] for entry in found) == sorted(paths)
    return found


def layers(found):
    lines = {}
    for path, _, shape, variable in found:
        _, group, _, _ = path.split('/')
        if group != 'normalization':
            lines.setdefault(f'{group} {variable.split("/")[0]}', []).append(f'[{",".join(map(str, shape))}]')
    return '\n'.join(sorted(' '.join([name, *shapes]) for name, shapes in lines.items()))


if __name__ == '__main__':
    result = {'made by': f'keras {keras.__version__} and tf_keras {tf_keras.__version__}', 'files': {}, 'layers': {}}
    with tempfile.TemporaryDirectory() as folder:
        for name in NETWORKS:
            keras.backend.clear_session()
            model = getattr(keras.applications, name)(weights=None)
            paths = numbered(model)
            model.save_weights(f'{folder}/saved.weights.h5')
            found = data_sets(f'{folder}/saved.weights.h5', paths)
            result['layers'][name] = hashlib.sha256(layers(found).encode()).hexdigest()
            if name in ('ResNet50', 'EfficientNetB0'):
                model.save(f'{folder}/saved.keras')
                with zipfile.ZipFile(f'{folder}/saved.keras') as archive:
                    assert data_sets(io.BytesIO(archive.read('model.weights.h5')), paths) == found
                model.save(f'{folder}/saved.h5')
                old = getattr(tf_keras.applications, name)(weights=None)
                old_paths = numbered(old)
                old.save_weights(f'{folder}/keras2.h5')
                result['files'][name] = {
                    'weights.h5': found,
                    'h5': data_sets(f'{folder}/saved.h5', paths),
                    'keras2.h5': data_sets(f'{folder}/keras2.h5', old_paths),
                }
            print(name, flush=True)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'keras_layouts.json'), 'w') as f:
        json.dump(result, f)
