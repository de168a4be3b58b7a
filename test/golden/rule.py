"""Values that any implementation can make again: each tensor is a function of its name and shape alone.

A name's 32-bit FNV-1a hash seeds mulberry32; the i-th draw u in [0, 1) gives the i-th value v = 2u - 1.
"""
import numpy as np

MASK = 0xFFFFFFFF


def fnv1a32(name):
    h = 0x811C9DC5
    for byte in name.encode():
        h = (h ^ byte) * 0x01000193 & MASK
    return h


def values(name, shape):
    """Values in [-1, 1) as float64, in row-major order of the shape."""
    mask = np.uint64(MASK)
    count = int(np.prod(shape))
    state = np.uint64(fnv1a32(name)) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x6D2B79F5) & mask
    t = (state ^ state >> np.uint64(15)) * (state | np.uint64(1)) & mask
    t ^= t + ((t ^ t >> np.uint64(7)) * (t | np.uint64(61)) & mask) & mask
    u = (t ^ t >> np.uint64(14)).astype(np.float64) / 2.0**32
    return (2 * u - 1).reshape(shape)


def batch_norm(leaf, v):
    """The value of a batch norm's variable; its leaf in PyTorch's or Keras's words."""
    if leaf in ('weight', 'gamma'):
        return 1 + 0.2 * v
    if leaf in ('running_var', 'moving_variance'):
        return 1 + 0.5 * v
    return 0.1 * v


def rounded(x):
    """A number to 9 significant digits, which tell any two float32 apart."""
    return float(f'{float(x):.9g}')


def spread(array, count):
    """`count` values (all, if there are fewer) at the flat indices floor(k * size / count)."""
    flat = np.asarray(array, np.float64).ravel()
    n = min(count, flat.size)
    return [rounded(flat[k * flat.size // n]) for k in range(n)]


def summary(array, count=64):
    a = np.asarray(array, np.float64)
    return {'shape': list(a.shape), 'mean': rounded(a.mean()), 'std': rounded(a.std()), 'spread': spread(a, count)}


def norm_and_spread(array):
    a = np.asarray(array, np.float64)
    return {'norm': rounded(np.linalg.norm(a)), 'spread': spread(a, 8)}


def moments(array):
    """Mean, standard deviation and kurtosis (3 of a normal distribution, 1.8 of a uniform one; 0 of a constant)."""
    a = np.asarray(array, np.float64)
    mean, std = a.mean(), a.std()
    return [rounded(mean), rounded(std), rounded(((a - mean) ** 4).mean() / std**4 if std > 0 else 0)]
