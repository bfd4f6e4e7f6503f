#!/usr/bin/env python3
"""Judges generated 28x28 digits with a convolutional classifier of its own; prints one JSON line per file.

    python3 recognise_mnist.py --data DIR --cache mnist_cnn.pt samples.npz ...

Needs numpy and torch (written with 2.4.6 and 2.13.0). DIR holds MNIST's IDX files, plain or gzip. They are split as the
program splits them: with both pairs `t10k` is held out; of one pair, its last 2,000 images (a fifth, if fewer than
10,000). The classifier is trained on the rest once (a minute or two on one thread) and kept in the cache file; the
first line says how many of the held-out images it recognises. judging.py has the measures; those of real images are
taken of the training part.
"""
import argparse
import gzip
import os
import sys

import numpy as np
import torch
import torch.nn as nn

import judging


class Classifier(nn.Sequential):
    batch, epochs = 64, 12

    def __init__(self):
        def layer(inputs, outputs):
            return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]

        super().__init__(
            *layer(1, 16), *layer(16, 16), nn.MaxPool2d(2), *layer(16, 32), *layer(32, 32), nn.MaxPool2d(2),
            *layer(32, 64), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.2), nn.Linear(64 * 9, 10))


def values(path, rank):
    """The bytes of an IDX file, plain or gzip; None where there is none."""
    path = next((p for p in (path, path + ".gz") if os.path.exists(p)), None)
    if path is None:
        return None
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        data = file.read()
    if data[:4] != bytes([0, 0, 8, rank]):
        sys.exit(f"{path}: no IDX file of bytes with {rank} extents")
    extents = np.frombuffer(data, ">i4", rank, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(extents)


def pair(directory, prefix):
    images = values(f"{directory}/{prefix}-images-idx3-ubyte", 3)
    labels = values(f"{directory}/{prefix}-labels-idx1-ubyte", 1)
    if images is None or labels is None:
        return None
    return (images[..., None] / np.float32(127.5) - 1).astype(np.float32), labels.astype(np.int64)


def split(directory):
    """((training images, labels), (held-out images, labels))."""
    train, test = pair(directory, "train"), pair(directory, "t10k")
    if train and test:
        return train, test
    one = train or test
    if one is None:
        sys.exit(f"{directory}: no train-images-idx3-ubyte[.gz] and no t10k-images-idx3-ubyte[.gz] with labels in it")
    held = min(2000, len(one[1]) // 5)
    return tuple(a[:-held] for a in one), tuple(a[-held:] for a in one)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("samples", nargs="*", help="npz with images and labels")
    arguments.add_argument("--data", required=True, help="directory of the IDX files")
    arguments.add_argument("--cache", required=True, help="file of the trained classifier, made where missing")
    chosen = arguments.parse_args()
    torch.set_num_threads(1)
    train, held = split(chosen.data)
    network = Classifier()
    tensors = [torch.from_numpy(a) for a in train]
    judging.cached(chosen.cache, network, lambda: judging.train(
        network, tensors[0].permute(0, 3, 1, 2), tensors[1]))
    judging.show(case="held-out", **judging.measures(*held, judging.answers(network, held[0]), *train))
    for path in chosen.samples:
        images, labels = judging.load(path, train[0].shape[1:])
        judging.show(case=path, **judging.measures(images, labels, judging.answers(network, images), *train))


if __name__ == "__main__":
    main()
