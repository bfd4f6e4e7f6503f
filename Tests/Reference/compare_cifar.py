#!/usr/bin/env python3
"""Compares CIFAR-10 trainings of two programs: one classifier's answers to their samples, and their losses.

    python3 compare_cifar.py --data DIR --cache cifar_cnn.pt samples.npz ...
    python3 compare_cifar.py --data DIR --cache cifar_cnn.pt \\
        --peer p0.npz p0.jsonl --peer p1.npz p1.jsonl --ours a.npz runs/a/metrics.jsonl ...

Needs numpy and torch (written with 2.4.6 and 2.13.0). DIR holds data_batch_1.bin and test_batch.bin in CIFAR-10's
binary layout. The classifier is trained on data_batch_1 once (some minutes on one thread) and kept in the cache
file; the first line says how much of test_batch it recognises. judging.py has the measures; those of real images are
taken of data_batch_1. "error" is the standard error of "recognised".

Losses: means over iterations 1,001...2,000 (--from, --to) of the lines there. A peer's log has lines {"step": 0,
"d": 7.9, "g": 2.3}, its steps counted from 0 behind two warm-up iterations (--peer-offset 3: step 0 is iteration 3).
Ours is metrics.jsonl: lines of kind "training", one a second; `--set log.everySeconds=0` logs every iteration.

With --peer and --ours the last line compares: whether our mean losses lie within the range of the peer's, and by how
many points our samples' recognition differs from the peer's, mean against mean.
"""
import argparse
import json
import os
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import judging


def layer(inputs, outputs):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Classifier(nn.Module):
    """Convolutions at 32, 16, 8 and 4 pixels with a residual pair at 8: 24 million multiplications per image."""
    batch, epochs = 64, 14

    def __init__(self):
        super().__init__()
        self.before = nn.Sequential(
            layer(3, 32), nn.MaxPool2d(2), layer(32, 64), nn.MaxPool2d(2), layer(64, 96))
        self.inner = nn.Sequential(layer(96, 96), layer(96, 96))
        self.after = nn.Sequential(nn.MaxPool2d(2), layer(96, 192), nn.AdaptiveMaxPool2d(1), nn.Flatten())
        self.output = nn.Linear(192, 10)

    def forward(self, x):
        h = self.before(x)
        return self.output(self.after(h + self.inner(h)))


def flipped(x):
    """Half of the images mirrored."""
    return torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(3), x)


def read(path):
    """Images [N,32,32,3] in [-1,1] and labels of a binary batch: a label, then three planes."""
    if not os.path.exists(path) or os.path.getsize(path) % 3073:
        sys.exit(f"{path}: missing, or no whole number of records of 3,073 bytes")
    records = np.fromfile(path, np.uint8).reshape(-1, 3073)
    planes = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(planes, np.float32) / 127.5 - 1, records[:, 0].astype(np.int64)


def losses(path, iterations, offset):
    """Mean D and G loss over a range of iterations."""
    found = {}
    with open(path) as file:
        for line in file:
            entry = json.loads(line)
            if "step" in entry:
                found[entry["step"] + offset] = entry["d"], entry["g"]
            elif entry.get("kind") == "training":
                found[entry["iteration"]] = entry["discriminatorLoss"], entry["generatorLoss"]
    chosen = [pair for iteration, pair in found.items() if iteration in iterations]
    if not chosen:
        sys.exit(f"{path}: no losses of iterations {iterations.start:,} to {iterations.stop - 1:,}; "
                 f"its last is {max(found, default=0):,}")
    d, g = np.mean(chosen, axis=0)
    return dict(lossLines=len(chosen), discriminatorLoss=round(float(d), 4), generatorLoss=round(float(g), 4))


def compare(peer, ours):
    """Ours against the peer's range of mean losses and mean recognition."""
    line = dict(case="ours against peer", peerRuns=len(peer), ourRuns=len(ours))
    for name in ("discriminatorLoss", "generatorLoss"):
        theirs = [run[name] for run in peer]
        line[name] = dict(
            peer=[min(theirs), max(theirs)], ours=[run[name] for run in ours],
            within=all(min(theirs) <= run[name] <= max(theirs) for run in ours),
            meanWithin=bool(min(theirs) <= np.mean([run[name] for run in ours]) <= max(theirs)))
    points = 100 * (np.mean([r["recognised"] for r in ours]) - np.mean([r["recognised"] for r in peer]))
    return line | dict(recognisedPoints=round(float(points), 2), withinThreePoints=bool(abs(points) <= 3))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("samples", nargs="*", help="npz with images and labels")
    arguments.add_argument("--data", required=True, help="directory of the binary batches")
    arguments.add_argument("--cache", required=True, help="file of the trained classifier, made where missing")
    for side in ("peer", "ours"):
        arguments.add_argument(f"--{side}", nargs=2, action="append", default=[], metavar=("NPZ", "LOG"))
    arguments.add_argument("--from", dest="first", type=int, default=1001)
    arguments.add_argument("--to", dest="last", type=int, default=2000)
    arguments.add_argument("--peer-offset", type=int, default=3)
    chosen = arguments.parse_args()
    torch.set_num_threads(1)
    train, held = (read(os.path.join(chosen.data, name)) for name in ("data_batch_1.bin", "test_batch.bin"))
    network = Classifier().to(memory_format=torch.channels_last)
    images, labels = torch.from_numpy(train[0]).permute(0, 3, 1, 2), torch.from_numpy(train[1])
    judging.cached(chosen.cache, network, lambda: judging.train(network, images, labels, flipped))

    def judged(images, labels):
        result = judging.measures(images, labels, judging.answers(network, images), *train)
        share = result["recognised"]
        return result | dict(error=round((share * (1 - share) / len(labels)) ** 0.5, 4))

    judging.show(case="test_batch", **judged(*held))
    for path in chosen.samples:
        judging.show(case=path, **judged(*judging.load(path, (32, 32, 3))))
    runs = {}
    for side in ("peer", "ours"):
        runs[side] = []
        for samples, log in getattr(chosen, side):
            run = judged(*judging.load(samples, (32, 32, 3)))
            run |= losses(log, range(chosen.first, chosen.last + 1), chosen.peer_offset)
            runs[side].append(run)
            judging.show(case=f"{side} {samples}", **run)
    if runs["peer"] and runs["ours"]:
        judging.show(**compare(runs["peer"], runs["ours"]))


if __name__ == "__main__":
    main()
