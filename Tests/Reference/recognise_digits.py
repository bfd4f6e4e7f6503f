#!/usr/bin/env python3
"""Judges generated 16x16 digits with a classifier that has nothing to do with the training; prints one JSON line.

    python3 recognise_digits.py samples.npz     # images float32 [N,16,16,1] in [-1,1], labels int64 [N]
    python3 recognise_digits.py --self-test     # the real test images three damaged versions of them, copies

Needs numpy and scikit-learn (written with 2.4.6 and 1.9.1). The real images are scikit-learn's 1,797 digits, values
0...16: the first 1,500 train, the other 297 test.

judging.py has the measures. The classifier is a support vector machine (gamma 0.001, C 10, trained on the 1,500) that
sees samples after 2x2 mean pooling and mapping back to 0...16; it answers 95.3 % of the real test images. Spread and
roughness are against the 1,500 real images enlarged bilinearly to 16x16 (half-pixel centres, edges repeated).

copies      share of images that lie closer to a training image (Euclidean distance at 16x16) than all but 1 % of the
            real test images do to theirs. Of real writing it is 1 %.
"""
import argparse
import json

import numpy as np
from sklearn.datasets import load_digits
from sklearn.svm import SVC

from judging import load, measures

TRAIN = 1500


def enlarge(images):
    """[N,8,8] to [N,16,16], bilinear: a new pixel is 3/4 of its own and 1/4 of the neighbour on its side, per axis."""
    for axis in (1, 2):
        edge = np.pad(images, [(0, 0)] + [(1, 1) if a == axis else (0, 0) for a in (1, 2)], mode="edge")
        before, after = (np.take(edge, range(o, o + images.shape[axis]), axis) for o in (0, 2))
        pair = np.stack([0.75 * images + 0.25 * before, 0.75 * images + 0.25 * after], axis + 1)
        images = pair.reshape(pair.shape[:axis] + (-1,) + pair.shape[axis + 2:])
    return images


def real():
    """Enlarged images [N,16,16,1] in [-1, 1], the original rows of 64, and the labels."""
    digits = load_digits()
    return enlarge(digits.images / 8 - 1)[..., None], digits.data, digits.target


def nearest(images, others):
    """The distance of every image to the nearest of the others."""
    a, b = images.reshape(len(images), -1), others.reshape(len(others), -1)
    squares = (a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0).min(1))


def judge(images, labels):
    """Measures of images [N,16,16,1]."""
    enlarged, rows, classes = real()
    classifier = SVC(gamma=0.001, C=10).fit(rows[:TRAIN], classes[:TRAIN])
    pooled = (images.reshape(-1, 8, 2, 8, 2).mean((2, 4)).reshape(-1, 64) + 1) * 8
    train, test = enlarged[:TRAIN], enlarged[TRAIN:]
    limit = np.percentile(nearest(test, train), 1)
    return measures(images, labels, classifier.predict(pooled), train, classes[:TRAIN]) | dict(
        copies=round(float((nearest(images, train) < limit).mean()), 4))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("samples", nargs="?", help="npz with images and labels")
    arguments.add_argument("--self-test", action="store_true")
    chosen = arguments.parse_args()
    if chosen.self_test:
        enlarged, rows, classes = real()
        images, labels = enlarged[TRAIN:], classes[TRAIN:]
        direct = SVC(gamma=0.001, C=10).fit(rows[:TRAIN], classes[:TRAIN]).score(rows[TRAIN:], labels)
        speckle = np.random.default_rng(0).normal(0, 0.2, images.shape)
        means = np.stack([images[labels == c].mean(0) for c in range(10)])[labels]
        print(json.dumps(dict(case="8x8 directly", recognised=round(float(direct), 4))))
        cases = {
            "enlarged": images, "speckled": np.clip(images + speckle, -1, 1), "class means": means,
            "training images": enlarged[:297]}
        for name, version in cases.items():
            its = classes[:297] if name == "training images" else labels
            print(json.dumps(dict(case=name) | judge(version, its)))
        print(json.dumps(dict(case="labels shifted") | judge(images, (labels + 1) % 10)))
    elif chosen.samples:
        images, labels = load(chosen.samples, (16, 16, 1))
        print(json.dumps(judge(images.astype(np.float64), labels)))
    else:
        arguments.error("name an npz file or --self-test")


if __name__ == "__main__":
    main()
