#!/usr/bin/env python3
"""Reference values of the measures of samples, by NumPy and SciPy in float64.

    python3 measures_reference.py     # prints them; MeasuresTests holds them

Features: a linear congruential generator, s <- s * 6364136223846793005 + 1442695040888963407 mod 2^64 from the seed,
u = (s >> 40) / 2^24; a value is (sum of four u - 2) * (1 + column / 4) + shift. Real: 400 x 8, seed 1, shift 0;
samples: 300 x 8, seed 2, shift 0.25. Written with NumPy 2.4.6 and SciPy 1.17.
"""
import numpy as np
from scipy import linalg, stats
from scipy.spatial.distance import cdist

MASK = (1 << 64) - 1


def features(count, width, seed, shift):
    state, rows = seed, []
    for _ in range(count):
        row = []
        for column in range(width):
            total = 0.0
            for _ in range(4):
                state = (state * 6364136223846793005 + 1442695040888963407) & MASK
                total += (state >> 40) / 2**24
            row.append(np.float32((total - 2) * (1 + column / 4) + shift))
        rows.append(row)
    return np.array(rows, dtype=np.float32).astype(np.float64)


def mixed(index):
    z = (index + 1) * 0x9E3779B97F4A7C15 & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def frechet(a, b):
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = linalg.sqrtm(ca @ cb)
    return float(np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(ca + cb - 2 * root.real))


def kernel(x, y):
    k = lambda p, q: (p @ q.T / p.shape[1] + 1) ** 3
    m = len(x)
    off = lambda g: (g.sum() - np.trace(g)) / (m * (m - 1))
    return off(k(x, x)) + off(k(y, y)) - 2 * k(x, y).mean()


def main():
    real, fake = features(400, 8, 1, 0.0), features(300, 8, 2, 0.25)
    print("frechet", repr(frechet(real, fake)), repr(frechet(real[:200], real[200:])))
    order = sorted(range(300), key=mixed)
    first = [i * 400 // 300 for i in range(301)]
    thinned = real[[first[i] + mixed(i) % (first[i + 1] - first[i]) for i in range(300)]]
    parts = [kernel(thinned[order[75 * i : 75 * i + 75]], fake[order[75 * i : 75 * i + 75]]) for i in range(4)]
    print("kernel", repr(np.mean(parts)), repr(np.std(parts, ddof=1) / 2))
    rr, ff, fr = cdist(real, real), cdist(fake, fake), cdist(fake, real)
    radius = lambda d, k: np.sort(d, axis=1)[:, k]
    r3, r5, f3 = radius(rr, 3), radius(rr, 5), radius(ff, 3)
    print("precision", repr((fr <= r3).any(1).mean()), "recall", repr((fr.T <= f3).any(1).mean()))
    print("density", repr((fr <= r5).sum() / (5 * len(fake))), "coverage", repr((fr.min(0) <= r5).mean()))
    labels = lambda n: np.arange(n) % 3
    intra = [frechet(real[labels(400) == c], fake[labels(300) == c]) for c in range(3)]
    print("intra", repr(np.mean(intra)))
    train, held = real[:250], real[250:]
    nf, nh = np.sort(cdist(fake, train).min(1)), np.sort(cdist(held, train).min(1))
    print("copies", repr(nf[150] / nh[75]), repr((nf < nh[1]).mean()))
    print("columns", columns(fake, real))


def columns(a, b):
    """Kolmogorov-Smirnov per column, Wasserstein-1 of the first column, mean difference of correlations."""
    ks = [stats.ks_2samp(a[:, k], b[:, k]).statistic for k in range(a.shape[1])]
    lower = np.tril_indices(a.shape[1], -1)
    difference = np.abs(np.corrcoef(a.T) - np.corrcoef(b.T))[lower].mean()
    first = stats.wasserstein_distance(a[:, 0], b[:, 0])
    return float(max(ks)), int(np.argmax(ks)), float(np.mean(ks)), float(first), float(difference)


if __name__ == "__main__":
    main()
