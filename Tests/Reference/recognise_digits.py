#!/usr/bin/env python3
"""Judges generated 16x16 digits with a classifier that has nothing to do with the training; prints one JSON line.

    python3 recognise_digits.py samples.npz     # images float32 [N,16,16,1] in [-1,1], labels int64 [N]
    python3 recognise_digits.py --self-test     # the real test images and three damaged versions of them

Needs numpy and scikit-learn (written with 2.4.6 and 1.9.1). The real images are scikit-learn's 1,797 digits, values
0...16: the first 1,500 train, the other 297 test.

recognised  share of images whose label a support vector classifier (gamma 0.001, C 10, trained on the 1,500) answers,
            after 2x2 mean pooling and mapping back to 0...16. It answers 95.3 % of the real test images.
worstClass  the smallest such share of a class
spread      mean over classes and pixels of the standard deviation within a class, over the same of the 1,500 real
            images enlarged bilinearly to 16x16 (half-pixel centres, edges repeated). 1 is as varied as real writing.
roughness   mean of (x - 3x3 mean of x)^2 over the pixels (edges repeated), over the same of the enlarged real images.
            Above 1.5 is visibly speckled; the classifier does not see it.
"""
import argparse
import json
import sys

import numpy as np
from sklearn.datasets import load_digits
from sklearn.svm import SVC

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
    """Enlarged images in [-1, 1], the original rows of 64, and the labels."""
    digits = load_digits()
    return enlarge(digits.images / 8 - 1), digits.data, digits.target


def spread(images, labels):
    return np.mean([images[labels == c].std(0).mean() for c in np.unique(labels)])


def roughness(images):
    edge = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
    mean = sum(edge[:, r:r + images.shape[1], q:q + images.shape[2]] for r in range(3) for q in range(3)) / 9
    return np.mean((images - mean) ** 2)


def judge(images, labels):
    enlarged, rows, classes = real()
    classifier = SVC(gamma=0.001, C=10).fit(rows[:TRAIN], classes[:TRAIN])
    pooled = (images.reshape(-1, 8, 2, 8, 2).mean((2, 4)).reshape(-1, 64) + 1) * 8
    right = classifier.predict(pooled) == labels
    train, trainLabels = enlarged[:TRAIN], classes[:TRAIN]
    asked = np.isin(trainLabels, np.unique(labels))
    return dict(
        samples=len(labels), recognised=round(float(right.mean()), 4),
        worstClass=round(float(min(right[labels == c].mean() for c in np.unique(labels))), 4),
        spread=round(float(spread(images, labels) / spread(train[asked], trainLabels[asked])), 3),
        roughness=round(float(roughness(images) / roughness(train)), 3))


def load(path):
    with np.load(path) as file:
        missing = {"images", "labels"} - set(file.files)
        if missing:
            sys.exit(f"{path}: no array named {' or '.join(sorted(missing))}; it has {', '.join(file.files)}")
        images, labels = file["images"], file["labels"]
    if images.shape[1:] not in ((16, 16, 1), (16, 16)) or len(images) != len(labels) or not len(labels):
        sys.exit(f"{path}: images {images.shape} and labels {labels.shape}; expected [N,16,16,1] and [N]")
    if not np.isfinite(images).all() or np.abs(images).max() > 1.001:
        sys.exit(f"{path}: images leave [-1, 1]: {images.min()} to {images.max()}")
    return images.reshape(-1, 16, 16).astype(np.float64), labels


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
        cases = {"enlarged": images, "speckled": np.clip(images + speckle, -1, 1), "class means": means}
        for name, version in cases.items():
            print(json.dumps(dict(case=name) | judge(version, labels)))
        print(json.dumps(dict(case="labels shifted") | judge(images, (labels + 1) % 10)))
    elif chosen.samples:
        print(json.dumps(judge(*load(chosen.samples))))
    else:
        arguments.error("name an npz file or --self-test")


if __name__ == "__main__":
    main()
