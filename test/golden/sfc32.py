"""The first numbers of our seeded streams, by Python's integers: sfc32 of PractRand, seeded through splitmix32.

    python3 sfc32.py    # writes sfc32.json beside this file
"""
import json, math, os

MASK = 0xFFFFFFFF
SEEDS = [0, 1, 42, -1, 2**31, 2**32 + 5]


def splitmix32(seed):
    while True:
        seed = (seed + 0x9E3779B9) & MASK
        t = seed ^ seed >> 16
        t = t * 0x21F0AAAD & MASK
        t = (t ^ t >> 15) * 0x735A2D97 & MASK
        yield t ^ t >> 15


def sfc32(a, b, c, counter):
    while True:
        t = (a + b + counter) & MASK
        counter = (counter + 1) & MASK
        a = b ^ b >> 9
        b = (c + (c << 3)) & MASK
        c = ((c << 21 | c >> 11) + t) & MASK
        yield t


def first(seed, count=8, rounds=12):
    words = splitmix32(seed)
    stream = sfc32(next(words), next(words), next(words), 1)
    return [next(stream) for _ in range(rounds + count)][rounds:]


class Stream:
    """A stream of src/core/random.ts, with the names and arguments of numpy.random; poisson is of src/robustness."""

    def __init__(self, seed):
        words = splitmix32(seed)
        self.stream = sfc32(next(words), next(words), next(words), 1)
        for _ in range(12):
            next(self.stream)

    def one(self, low=0.0, high=1.0):
        return low + (high - low) * (next(self.stream) / 2**32)

    def uniform(self, low=0.0, high=1.0, size=None):
        if size is None:
            return self.one(low, high)
        import numpy as np
        return np.array([self.one(low, high) for _ in range(int(np.prod(size)))]).reshape(size)

    def normal(self, loc=0.0, scale=1.0, size=None):
        import numpy as np
        values = []
        while len(values) < np.prod(size):
            while True:
                u, v = self.one(-1, 1), self.one(-1, 1)
                s = u * u + v * v
                if 0 < s < 1:
                    break
            factor = scale * math.sqrt(-2 * math.log(s) / s)
            values += [u * factor, v * factor]
        noise = np.array(values[:int(np.prod(size))], np.float32) + np.float32(loc)
        return noise.astype(np.float64).reshape(size)

    def randint(self, low, high, size):
        import numpy as np
        return [low + math.floor(self.one(0, high - low)) for _ in range(int(np.prod(size)))]

    def poisson(self, means):
        import numpy as np
        def draw(mean):
            if mean == 0:
                return 0
            u, count, share = self.one(), 0, math.exp(-mean)
            total = share
            while total <= u:
                count += 1
                share *= mean / count
                total += share
            return count
        return np.array([draw(mean) for mean in means.ravel()]).reshape(means.shape)


if __name__ == '__main__':
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'sfc32.json'), 'w') as f:
        json.dump({str(seed): first(seed) for seed in SEEDS}, f)
