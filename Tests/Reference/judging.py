"""What the scripts that judge samples share: reading them, and measures beside the classifier's answers.

Images are float arrays [N,H,W,C] in [-1,1], labels [N].

recognised  share of images whose label the classifier answers
worstClass  the smallest such share of a class
spread      mean over classes and pixels of the standard deviation within a class, over the same of real images.
            1 is as varied as reality.
roughness   mean of (x - 3x3 mean of x)^2 over the pixels (edges repeated), over the same of real images. Above 1.5 is
            visibly speckled; a classifier does not see it.
"""
import json
import os
import sys
import time

import numpy as np


def load(path, shape):
    """Images and labels of an npz, as `lockstep sample --count N --output FILE.npz` writes it."""
    with np.load(path) as file:
        missing = {"images", "labels"} - set(file.files)
        if missing:
            sys.exit(f"{path}: no array named {' or '.join(sorted(missing))}; it has {', '.join(file.files)}")
        images, labels = file["images"], file["labels"]
    if images.ndim == 3:
        images = images[..., None]
    if images.shape[1:] != shape or len(images) != len(labels) or not len(labels):
        height, width, channels = shape
        sys.exit(f"{path}: images {images.shape} and labels {labels.shape}; "
                 f"expected [N,{height},{width},{channels}] and [N]")
    if not np.isfinite(images).all() or np.abs(images).max() > 1.001:
        sys.exit(f"{path}: images leave [-1, 1]: {images.min()} to {images.max()}")
    return images, labels


def spread(images, labels):
    return np.mean([images[labels == c].std(0, dtype=np.float64).mean() for c in np.unique(labels)])


def roughness(images):
    edge = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = images.shape[1:3]
    mean = sum(edge[:, r:r + height, q:q + width] for r in range(3) for q in range(3)) / 9
    return np.mean((images - mean) ** 2, dtype=np.float64)


def measures(images, labels, answers, real, realLabels):
    """All of the above, against the real images given (of the asked classes alone for the spread)."""
    right = answers == labels
    asked = np.isin(realLabels, np.unique(labels))
    return dict(
        samples=len(labels), recognised=round(float(right.mean()), 4),
        worstClass=round(float(min(right[labels == c].mean() for c in np.unique(labels))), 4),
        spread=round(float(spread(images, labels) / spread(real[asked], realLabels[asked])), 3),
        roughness=round(float(roughness(images) / roughness(real)), 3))


def train(network, images, labels, augmented=lambda x: x, seed=0, rate=3e-3):
    """Trains a torch classifier on images [N,C,H,W], with `network.batch` and `network.epochs`.

    AdamW, one cycle of the learning rate, images shifted by up to two pixels; `augmented(images)` may add to that.
    """
    import torch
    import torch.nn.functional as F

    torch.manual_seed(seed)
    batch, epochs = network.batch, network.epochs
    steps = len(images) // batch
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=epochs * steps)
    start = time.perf_counter()
    for epoch in range(epochs):
        network.train()
        order, total = torch.randperm(len(images)), 0.0
        for i in range(steps):
            chosen = order[i * batch:(i + 1) * batch]
            x = augmented(shifted(images[chosen]))
            loss = F.cross_entropy(network(x), labels[chosen], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"classifier: epoch {epoch + 1} of {epochs}, loss {total / steps:.3f}, "
              f"{time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)


def shifted(x, by=2):
    """Every image moved by up to `by` pixels in each direction, edges repeated."""
    import torch
    import torch.nn.functional as F

    height, width = x.shape[2:]
    edge = F.pad(x, (by,) * 4, mode="replicate")
    down, right = torch.randint(0, 2 * by + 1, (2, len(x), 1, 1))
    rows, columns = down + torch.arange(height)[None, :, None], right + torch.arange(width)[None, None]
    image = torch.arange(len(x))[:, None, None]
    return edge.permute(0, 2, 3, 1)[image, rows, columns].permute(0, 3, 1, 2)


def answers(network, images):
    """The classes that the network finds in float images [N,H,W,C]."""
    import torch

    network.eval()
    with torch.no_grad():
        x = torch.as_tensor(images, dtype=torch.float32).permute(0, 3, 1, 2)
        return torch.cat([network(part).argmax(1) for part in x.split(250)]).numpy()


def cached(path, network, prepare):
    """The network with the weights of a cache file; where there is none, `prepare()` trains it and the file is made."""
    import torch

    if os.path.exists(path):
        network.load_state_dict(torch.load(path, weights_only=True))
    else:
        prepare()
        torch.save(network.state_dict(), path + ".partial")
        os.replace(path + ".partial", path)
    return network


def show(**fields):
    print(json.dumps(fields), flush=True)
