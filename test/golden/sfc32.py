"""The first numbers of our seeded streams, by Python's integers: sfc32 of PractRand, seeded through splitmix32.

    python3 sfc32.py    # writes sfc32.json beside this file
"""
import json, os

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


if __name__ == '__main__':
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'sfc32.json'), 'w') as f:
        json.dump({str(seed): first(seed) for seed in SEEDS}, f)
