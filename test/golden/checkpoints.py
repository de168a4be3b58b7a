"""Writes test/golden/checkpoints: small files by PyTorch and safetensors, and what they read from them again.

Run with a Python that has torch, safetensors and numpy: python test/golden/checkpoints.py [FOLDER OF .th FILES]
The optional folder holds real weights; of these only digests are kept, in cifar10.json.
Every number is random (seed 0) or listed here. expected.json holds, for each file, {key: [dtype, shape, values]}.
"""
import argparse
import collections
import dataclasses
import datetime
import enum
import hashlib
import io
import json
import os
import pathlib
import pickle
import struct
import sys
import tarfile
import types

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import nn

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'checkpoints')
DTYPES = {
    torch.float64: 'F64', torch.float32: 'F32', torch.float16: 'F16', torch.bfloat16: 'BF16',
    torch.int64: 'I64', torch.int32: 'I32', torch.int16: 'I16', torch.int8: 'I8',
    torch.uint64: 'U64', torch.uint32: 'U32', torch.uint16: 'U16', torch.uint8: 'U8', torch.bool: 'BOOL',
}  # fmt: skip
FLOATS = [0.0, -0.0, 1.0, -2.5, 0.1, 65504.0, 6e-8, 1e-5, -3e-39, 1e-45, 3e38, float('inf'), -float('inf'), float('nan')]
MAGIC = 0x1950A86A20F9469CFC6C
expected = {}


def path(name):
    return os.path.join(FOLDER, name)


def expect(name, tensors):
    """Records tensors as the file's expected content, in float32."""

    def number(x):
        return x if np.isfinite(x) else str(x)

    expected[name] = {
        key: [DTYPES[t.dtype], list(t.shape), [number(x) for x in t.detach().to(torch.float32).flatten().tolist()]]
        for key, t in tensors.items()
    }


def save(name, value, inner=lambda loaded: loaded, **options):
    """Writes with torch.save; what torch.load gives back is what is expected."""
    torch.save(value, path(name), **options)
    expect(name, inner(torch.load(path(name), weights_only=False)))


def both(name, value, inner=lambda loaded: loaded):
    save(f'{name}.zip.pth', value, inner)
    save(f'{name}.legacy.pth', value, inner, _use_new_zipfile_serialization=False)


def network():
    return nn.Sequential(
        collections.OrderedDict(conv1=nn.Conv2d(1, 2, 2), bn1=nn.BatchNorm2d(2), fc=nn.Linear(3, 2, bias=False))
    )


class Python2Pickler(pickle._Pickler):
    """Text as Python 2 wrote it (byte strings), and its OrderedDict (a call with the list of pairs)."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_str(self, text):
        data = text.encode()
        self.write(pickle.SHORT_BINSTRING + bytes([len(data)]) + data)
        self.memoize(text)

    dispatch[str] = save_str

    def reducer_override(self, value):
        if type(value) is collections.OrderedDict:
            return collections.OrderedDict, ([list(pair) for pair in value.items()],)
        return NotImplemented


class Call:
    """Pickles as a call of a function, as an attack does."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def legacy_with_views(name):
    """The old form with views of storages: two storages that are views of one, at elements 1 and 4 of its 8."""
    root = torch.randn(8)

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if isinstance(value, tuple) and value and value[0] == 'view':
                _, key, offset, size = value
                return 'storage', torch.FloatStorage, 'root', 'cpu', 8, (key, offset, size)
            return None

    def tensor(key, offset, size, shape, strides):
        return Call(torch._utils._rebuild_tensor, ('view', key, offset, size), 0, shape, strides)

    with open(path(name), 'wb') as file:
        for value in (MAGIC, 1001, {'protocol_version': 1001, 'little_endian': True, 'type_sizes': {}}):
            pickle.dump(value, file, protocol=2)
        views = {'a': tensor('v1', 1, 3, (3,), (1,)), 'b': tensor('v2', 4, 4, (2, 2), (1, 2))}
        Pickler(file, protocol=2).dump(views)
        pickle.dump(['root'], file, protocol=2)
        file.write(struct.pack('<q', 8) + root.numpy().tobytes())
    loaded = torch.load(path(name), weights_only=False)
    assert torch.equal(loaded['a'], root[1:4]) and torch.equal(loaded['b'], root[4:].reshape(2, 2).T)
    expect(name, loaded)


def legacy_from_python2(name, weights):
    module = types.ModuleType('python2_pickle')
    module.Pickler = Python2Pickler
    module.dump = lambda value, file, protocol: Python2Pickler(file, protocol).dump(value)
    save(name, weights, pickle_module=module, pickle_protocol=2, _use_new_zipfile_serialization=False)


def pytorch_files():
    weights = network().state_dict()
    both('plain', weights)
    save('protocol4.zip.pth', weights, pickle_protocol=4)
    save('protocol5.zip.pth', weights, pickle_protocol=5)
    save('protocol1.legacy.pth', weights, pickle_protocol=1, _use_new_zipfile_serialization=False)
    save('protocol4.legacy.pth', weights, pickle_protocol=4, _use_new_zipfile_serialization=False)
    legacy_from_python2('python2.legacy.pth', weights)

    floats = torch.tensor(FLOATS, dtype=torch.float64)
    types_ = {str(t): floats.to(t) for t in (torch.float64, torch.float32, torch.float16, torch.bfloat16)}
    for t in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool):
        types_[str(t)] = torch.tensor([0, 1, 100, -100 if t.is_signed else 200]).to(t)
    both('types', types_)

    base = torch.randn(4, 6)
    both(
        'views',
        {
            'base': base,
            'transposed': base.T,
            'row': base[2],
            'column': base[:, 1],
            'steps': base[1::2, ::3],
            'channels_last': torch.randn(2, 3, 2, 2).to(memory_format=torch.channels_last),
            'half_transposed': base.half().T,
            'scalar': base[1, 1],
            'empty': torch.zeros(0, 3),
            'ones': torch.randn(1, 3, 1).transpose(0, 2),
        },
    )
    legacy_with_views('storage-views.legacy.pth')

    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    model.conv1(torch.randn(1, 1, 4, 4)).sum().backward()
    optimizer.step()
    training = {
        'epoch': 3,
        'arch': 'small',
        'done': False,
        'best': np.float64(0.5),
        'tags': {'a', 'b'},
        'raw': b'\x00\xff',
        'big': 2**70,
        'none': None,
        'device': torch.device('cpu'),
        'size': torch.Size([1, 2]),
        'optimizer': optimizer.state_dict(),
        'lr_scheduler': torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 5]).state_dict(),
    }
    both('training', {**training, 'state_dict': model.state_dict()}, lambda loaded: loaded['state_dict'])
    for key in ('model', 'model_state_dict', 'net', 'model_ema'):
        save(f'nested-{key}.zip.pth', {'epoch': 3, key: weights}, lambda loaded, key=key: loaded[key])
    save('twice-nested.zip.pth', {'model': {'state_dict': weights}}, lambda loaded: loaded['model']['state_dict'])
    save('data-parallel.zip.pth', nn.DataParallel(network()).state_dict())
    both('parameters', {'w': nn.Parameter(torch.randn(2, 3)), 'v': nn.Parameter(torch.randn(2), requires_grad=False)})


class Color(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Settings:
    rate: float = 0.1


class Options(dict):
    """As scripts have them whose entries are attributes too."""


def objects():
    """What training scripts put beside the weights, of every kind."""
    import omegaconf

    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), 0.1)
    model.conv1(torch.randn(1, 1, 4, 4)).sum().backward()
    optimizer.step()
    options = Options(rate=0.1)
    options.name = 'options'
    values = {
        'args': argparse.Namespace(lr=0.1, out=pathlib.PurePosixPath('/tmp/x'), device=torch.device('cpu')),
        'counts': collections.Counter('abca'),
        'default': collections.defaultdict(list, a=[1]),
        'ordered': collections.OrderedDict(a=1),
        'queue': collections.deque([1, 2], maxlen=3),
        'numbers': [np.float64(0.5), np.int64(3), np.bool_(True)],
        'array': np.arange(6, dtype=np.float32).reshape(2, 3),
        'words': np.array(['a', 'b']),
        'when': datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
        'how_long': datetime.timedelta(seconds=3),
        'color': Color.RED,
        'settings': Settings(),
        'simple': types.SimpleNamespace(a=1),
        'own_options': options,
        'function': torch.nn.functional.relu,
        'class': nn.CrossEntropyLoss,
        'dtype': torch.float16,
        'size': torch.Size([1, 2]),
        'complex': 1j,
        'bytes': bytearray(b'abc'),
        'frozen': frozenset({1}),
        'range': range(3),
        'optimizer': optimizer.state_dict(),
        'lr_scheduler': torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, 10).state_dict(),
        'scaler': torch.amp.GradScaler('cpu').state_dict(),
        'rng_state': torch.zeros(5, dtype=torch.uint8),
        'best': torch.tensor(0.5),
        'spectrum': torch.zeros(2, dtype=torch.complex64),
        'criterion': nn.CrossEntropyLoss(weight=torch.ones(2)),
        'config': omegaconf.OmegaConf.create({'model': {'name': 'resnet18', 'sizes': [1, 2]}}),
    }
    return model, values


def training_script_files():
    torch.manual_seed(1)
    model, values = objects()
    weights = model.state_dict()

    def inner(loaded):
        return loaded['state_dict']

    write_protocol_0('objects0.zip.pth', {'state_dict': weights, **values}, weights, True)
    save('objects2.zip.pth', {'state_dict': weights, **values}, inner)
    save('objects4.zip.pth', {**values, 'state_dict': weights}, inner, pickle_protocol=4)
    save('objects.legacy.pth', {**values, 'state_dict': weights}, inner, _use_new_zipfile_serialization=False)
    write_protocol_0('protocol0.zip.pth', weights, weights, True)
    write_protocol_0('protocol0.legacy.pth', weights, weights, False)
    save('whole-model.zip.pth', network(), lambda loaded: loaded.state_dict())
    save('whole-model-nested.zip.pth', {'epoch': 1, 'model': nn.DataParallel(network())}, lambda c: c['model'].state_dict())
    script = torch.jit.script(network().eval())
    torch.jit.save(script, path('script.zip.pth'))
    expect('script.zip.pth', script.state_dict())
    averaged = torch.optim.swa_utils.AveragedModel(network())
    save('averaged.zip.pth', averaged.state_dict())
    save('tuple.zip.pth', (weights, 3), lambda loaded: loaded[0])
    save('options-dict.zip.pth', {'weights': Options(weights)}, lambda loaded: loaded['weights'])
    torch.save({'epoch': 1, 'state_dict': weights, 'state_dict_ema': {k: v * 2 for k, v in weights.items()}}, path('ambiguous-ema.zip.pth'))
    torch.save({'model': {'w': torch.ones(2)}, 'model_ema': {'w': torch.zeros(2)}}, path('ambiguous-small.zip.pth'))


def write_protocol_0(name, value, weights, zip_form):
    """What torch.save writes in protocol 0, which torch.load cannot read: there a storage's identifier is text."""
    torch.save(value, path(name), pickle_protocol=0, _use_new_zipfile_serialization=zip_form)
    expect(name, weights)


def refused_files():
    for form, options in (('zip', {}), ('legacy', {'_use_new_zipfile_serialization': False})):
        weights = {'w': torch.ones(1)}
        torch.save({**weights, 'x': Call(os.system, 'echo attacked')}, path(f'refused-system.{form}.pth'), **options)
        torch.save({**weights, 'x': Call(eval, '1 + 1')}, path(f'refused-eval.{form}.pth'), **options)
    torch.save({'w': torch.zeros(2, dtype=torch.complex64)}, path('refused-complex.zip.pth'))
    torch.save([torch.ones(1)], path('refused-list.zip.pth'))
    torch.save({'epoch': 3}, path('refused-empty.zip.pth'))
    with open(path('refused-plain-pickle.pth'), 'wb') as file:
        pickle.dump({'w': 1}, file, protocol=2)
    with tarfile.open(path('refused-tar.pth'), 'w', format=tarfile.PAX_FORMAT) as tar:
        part = tarfile.TarInfo('sys_info')
        data = pickle.dumps({'protocol_version': 1000}, protocol=2)
        part.size = len(data)
        tar.addfile(part, io.BytesIO(data))


def safetensors_files():
    def save_safetensors(name, tensors, metadata=None):
        safetensors.torch.save_file(tensors, path(name), metadata)
        expect(name, safetensors.torch.load_file(path(name)))

    save_safetensors('plain.safetensors', dict(network().state_dict()), {'format': 'pt', 'note': 'a "quoted" ü'})
    floats = torch.tensor(FLOATS, dtype=torch.float64)
    tensors = {str(t): floats.to(t) for t in (torch.float64, torch.float32, torch.float16, torch.bfloat16)}
    for t in (torch.int64, torch.int32, torch.int16, torch.int8, torch.bool):
        tensors[str(t)] = torch.tensor([0, 1, 100]).to(t)
    for t in (torch.uint64, torch.uint32, torch.uint16, torch.uint8):
        tensors[str(t)] = torch.tensor([0, 1, 200]).to(t)
    save_safetensors('types.safetensors', tensors)
    save_safetensors('odd.safetensors', {'': torch.ones(1), '__proto__': torch.ones(2), 'ü\n': torch.zeros(0, 2)})
    # A header of 640 bytes is 80 02 00 …, which is also how a pickle of protocol 2 begins.
    header = json.dumps({'w': {'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 8]}}).encode().ljust(640)
    with open(path('header-640.safetensors'), 'wb') as file:
        file.write(struct.pack('<Q', 640) + header + np.array([1, 2], np.float32).tobytes())
    expect('header-640.safetensors', safetensors.torch.load_file(path('header-640.safetensors')))
    # Nothing aligns the data of a header of an odd length.
    header = json.dumps({'w': {'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 8]}}).encode().ljust(67)
    with open(path('misaligned.safetensors'), 'wb') as file:
        file.write(struct.pack('<Q', 67) + header + np.array([1, 2], np.float32).tobytes())
    expect('misaligned.safetensors', safetensors.torch.load_file(path('misaligned.safetensors')))
    safetensors.torch.save_file({'w': torch.ones(2).to(torch.float8_e4m3fn)}, path('refused-float8.safetensors'))


def pickles():
    """Plain values in each protocol, in hexadecimal; test/weights/formats/pickle.test.ts lists them."""
    loop = []
    loop.append((loop, 1, 2, 3, 4))
    loop.append((loop,))
    shared = 'shared'
    value = {
        'nothing': None,
        'truth': [True, False],
        'integers': [0, 255, 65535, -1, 2**31, 2**53 - 1, 2**70, -(2**70), -(2**63)],
        'floats': [1.5, float('inf'), -0.0],
        'text': ['', 'ü€😀', 'x' * 300],
        'bytes': [b'', bytes(range(256)), b'y' * 300],
        'tuples': [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        'sets': [set(), {7}, frozenset({8})],
        'loop': loop,
        'shared': [shared, shared, [[]] * 300],
        3: {'nested': {}},
    }
    return {protocol: pickle.dumps(value, protocol).hex() for protocol in range(6)}


def conversions():
    """SHA-256 of each conversion's bits over all it can meet, NaN written as one pattern of bits."""

    def digest(array, nan):
        bits = array.view({2: np.uint16, 4: np.uint32}[array.itemsize]).copy()
        bits[nan] = 0xFFFF if array.itemsize == 2 else 0xFFFFFFFF
        return hashlib.sha256(bits.astype(bits.dtype.newbyteorder('<')).tobytes()).hexdigest()

    every = np.arange(1 << 16).astype(np.uint16)
    halves = every.view(np.float16).astype(np.float32)
    brains = torch.from_numpy(every.view(np.int16)).view(torch.bfloat16).to(torch.float32).numpy()

    def to_half(x):
        return x.astype(np.float16)

    def to_brain(x):
        return torch.from_numpy(x).to(torch.bfloat16).view(torch.int16).numpy().view(np.uint16)

    def around(values):
        """Every finite value that is not negative, each midpoint to the next, and the float32 on both of its sides."""
        finite = values[:0x8000][np.isfinite(values[:0x8000])].astype(np.float64)
        middle = ((finite[1:] + finite[:-1]) / 2).astype(np.float32)
        below, above = np.nextafter(middle, np.float32(0)), np.nextafter(middle, np.float32(np.inf))
        half = np.concatenate([finite.astype(np.float32), below, middle, above])
        return np.concatenate([half, -half])

    return {
        'float16ToFloat32': digest(halves, np.isnan(halves)),
        'bfloat16ToFloat32': digest(brains, np.isnan(brains)),
        'float32ToFloat16': digest(to_half(around(halves)), []),
        'float32ToBfloat16': digest(to_brain(around(brains)), []),
    }


def real_weights(folder):
    """For each file, the count of its numbers and the SHA-256 of them in float32, tensors in the order of their keys."""
    found = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith('.th'):
            state = torch.load(os.path.join(folder, name), map_location='cpu', weights_only=False)['state_dict']
            numbers = np.concatenate([state[key].to(torch.float32).numpy().ravel() for key in sorted(state)])
            found[name] = [len(numbers), hashlib.sha256(numbers.astype('<f4').tobytes()).hexdigest()]
    return found


if __name__ == '__main__':
    torch.manual_seed(0)
    os.makedirs(FOLDER, exist_ok=True)
    pytorch_files()
    refused_files()
    safetensors_files()
    training_script_files()
    with open(path('expected.json'), 'w') as file:
        json.dump(expected, file, separators=(',', ':'))
    with open(path('pickles.json'), 'w') as file:
        json.dump(pickles(), file, indent=2)
    if len(sys.argv) > 1:
        with open(path('cifar10.json'), 'w') as file:
            json.dump(real_weights(sys.argv[1]), file, indent=2)
    with open(path('conversions.json'), 'w') as file:
        json.dump({'torch': torch.__version__, 'safetensors': safetensors.__version__, **conversions()}, file, indent=2)
