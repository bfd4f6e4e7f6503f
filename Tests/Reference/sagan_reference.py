#!/usr/bin/env python3
"""One step of SAGAN in PyTorch, float64, without any random numbers: losses and gradients of both networks.

    python3 sagan_reference.py            # writes sagan_reference.json; needs torch (written with 2.13.0) and numpy
    python3 sagan_reference.py --faults   # how far typical mistakes in case "small" would move what is recorded

Cases: "full" is SAGAN-32 with 256 and 128 channels (generator, discriminator), batch 4; "small" has 32 and 16, batch 6.
Both: images [32,32,3], 10 classes, noise of 128.

Numbers
-------
Every tensor is called by a name; its element i (flat, row-major, from 0, in the layout below) follows from integers:

    name hash   FNV-1a, 64 bit, of the name's UTF-8: h = 0xCBF29CE484222325; per byte h = (h xor byte) * 0x100000001B3
    mixing      splitmix64(x): z = x + 0x9E3779B97F4A7C15;  z = (z xor z >> 30) * 0xBF58476D1CE4E5B9;
                               z = (z xor z >> 27) * 0x94D049BB133111EB;  z xor z >> 31          (all modulo 2^64)
    uniform     r(name, i) = splitmix64(h + i) >> 40, the top 24 bits;   x(name, i) = r / 2^23 - 1, in [-1, 1)

(h + i goes through one mixing: h xor splitmix64(i) would make all tensors the same numbers up to flipped bits.)
Everything below is computed in float64 and rounded to float32 once; the recorded run is float64 from those numbers.

    kernels, table     rows = product of all extents but the last; u, v as below, already rounded:
                       W[i,j] = sqrt(3 / max(rows, columns)) * x(name, i * columns + j) + 2 * v[i] * u[j]
    singular vectors   called NAME/u [columns] and NAME/v [rows] for weight NAME: x, divided by their length. They are
                       constants here: sigma = sum over i,j of v[i] W[i,j] u[j], and W / sigma is used. The product
                       2 v u' above is there for this: it makes u and v close to what power iteration would find.
    gains              0.3 + 0.03 x           gate                0.3
    biases             norms: 0.8 + 0.2 |x| with the sign of x (+ for 0); discriminator/output/bias: -4; others: 0.1 x
    inputs             PREFIX/real: 0.9 x, [N,32,32,3]            PREFIX/noise: sqrt(3) x, [N,128]
                       PREFIX/realLabels, PREFIX/fakeLabels: (10 * r) >> 24, [N]; PREFIX is "inputs" of the case
                       (its number: of the first four draws, the one whose results rounding moves least)

Gains and biases of the norms keep what comes to a relu away from 0: an element that rounding puts on its other side
moves gradients by 1e-3 at once, whatever the precision. The discriminator's are left as they fall, so a few such
elements remain ("roundingDifference"). -4 puts logits on both sides of both margins.

Networks (channels last; weights are [kh, kw, in, out], dense kernels [in, out], tables [classes, C]; every convolution
pads to the same size; every kernel and table is divided by its sigma; relu, up = nearest twice, pool = mean of 2x2)
    generator       dense z -> reshape [N,4,4,C] -> block1 -> block2 -> attention16 -> block3 -> relu(norm) -> conv3
                    "image" -> tanh;   block: h = conv1(up(relu(norm1 x))); h = conv2(relu(norm2 h)); h + up(skip(x))
                    norms: batch norm over the whole batch, biased variance, epsilon 1e-5; norm1 and norm2 with gain and
                    bias per class [10, C], the last norm with one [C]
    discriminator   block1 -> attention16 -> block2 -> block3 -> block4 -> sum over positions of relu = f;
                    logit = f . output/kernel + output/bias + <embedding/table[label], f>
                    block: h = conv2(relu(conv1(relu(x)))) (no first relu in block1); blocks 1 and 2:
                    pool(h) + skip(pool(x)), blocks 3 and 4: h + x
    attention       q = query(x), k = maxpool(key(x)), v = maxpool(value(x)), no biases; max(C/8, 4), the same, C/2
                    channels;   x + gate * output(softmax(q k') v)
    conv1, conv2, "image" 3x3, skip and the attention's 1x1; names as in parameters()

Losses: fake = G(noise, fakeLabels)
    discriminator   mean(relu(1 - D(real, realLabels))) + mean(relu(1 + D(fake, fakeLabels))), fake a constant
    generator       -mean(D(fake, fakeLabels))
    penalized       discriminator + 10 / 2 * mean over real images of |gradient of D(real) by the image|^2  ("small")

Recorded per case: losses; all logits; pixels of fakes as [[n, row, column, channel], value]; sigmas; sigmasAfter: sigma
after 2 power iterations from the given vectors (v <- W u normalised, u <- W' v normalised); of some parameters the L2
norm of the gradient under the network's loss ("penalized" apart) and the largest of 64 drawn elements as [i, value].
"samples" are a few of the generated numbers. How far rounding moves all this: "float32Difference" of a float32 run,
"roundingDifference" where every convolution's result has errors of 3e-6 of its standard deviation (what Winograd's
method leaves; the worst of three draws): relative difference of losses, of gradients' norms, of the elements recorded
against the larger of the element and the root mean square, and of whole gradients as |a - b| / |b|.
"""
import argparse
import json
import os
import re

import numpy as np
import torch
import torch.nn.functional as F

CASES = dict(
    full=dict(generator=256, discriminator=128, batch=4, inputs="inputs/full4"),
    small=dict(generator=32, discriminator=16, batch=6, inputs="inputs/small1"))
CLASSES, NOISE, SIDE, EPSILON, R1, STRENGTH, ROUNDING = 10, 128, 32, 1e-5, 10.0, 2.0, 3e-6
# The program's names, should they ever differ from those here: {here: there}. The numbers follow the names here.
RENAMED = {}
RECORDED = (
    "generator/input/kernel", "generator/block1/conv1/kernel", "generator/block2/norm1/gain",
    "generator/block2/norm2/bias", "generator/block2/conv2/kernel", "generator/block3/skip/kernel",
    "generator/attention16/query/kernel", "generator/attention16/value/kernel", "generator/attention16/gate",
    "generator/norm/gain", "generator/image/kernel", "generator/image/bias",
    "discriminator/block1/conv1/kernel", "discriminator/block1/conv2/bias", "discriminator/block1/skip/kernel",
    "discriminator/attention16/query/kernel", "discriminator/attention16/output/kernel",
    "discriminator/attention16/gate", "discriminator/block2/conv2/kernel", "discriminator/block3/conv1/kernel",
    "discriminator/block4/conv2/kernel",
    "discriminator/output/kernel", "discriminator/embedding/table")


def mixed(x):
    with np.errstate(over="ignore"):
        z = x + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def bits(name, count):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        return (mixed(np.uint64(h) + np.arange(count, dtype=np.uint64)) >> np.uint64(40)).astype(np.int64)


def uniform(name, shape):
    return (bits(name, int(np.prod(shape))) / 2.0**23 - 1).reshape(shape)


def rounded(x):
    return np.asarray(x, np.float32)


def vector(name, count):
    x = uniform(name, (count,))
    return rounded(x / np.sqrt((x * x).sum()))


def weight(name, shape):
    columns = shape[-1]
    rows = int(np.prod(shape)) // columns
    u, v = (vector(f"{name}/{k}", n).astype(np.float64) for k, n in (("u", columns), ("v", rows)))
    plain = np.sqrt(3 / max(rows, columns)) * uniform(name, (rows, columns))
    return rounded(plain + STRENGTH * v[:, None] * u).reshape(shape)


def parameters(generator, discriminator):
    """The shape of every parameter."""
    shapes = {}

    def convolution(name, size, inputs, outputs, bias=True):
        shapes[name + "/kernel"] = (size, size, inputs, outputs)
        if bias:
            shapes[name + "/bias"] = (outputs,)

    def dense(name, inputs, outputs):
        shapes.update({name + "/kernel": (inputs, outputs), name + "/bias": (outputs,)})

    def attention(name, c):
        for part, inputs, outputs in (
                ("query", c, max(c // 8, 4)), ("key", c, max(c // 8, 4)), ("value", c, c // 2), ("output", c // 2, c)):
            convolution(f"{name}/{part}", 1, inputs, outputs, bias=False)
        shapes[name + "/gate"] = (1,)

    g, c = "generator", generator
    dense(g + "/input", NOISE, (SIDE // 8) ** 2 * c)
    for block in (f"{g}/block{n}" for n in (1, 2, 3)):
        for norm in ("norm1", "norm2"):
            shapes.update({f"{block}/{norm}/{part}": (CLASSES, c) for part in ("gain", "bias")})
        convolution(block + "/conv1", 3, c, c)
        convolution(block + "/conv2", 3, c, c)
        convolution(block + "/skip", 1, c, c)
    attention(g + "/attention16", c)
    shapes.update({g + "/norm/gain": (c,), g + "/norm/bias": (c,)})
    convolution(g + "/image", 3, c, 3)
    d, c = "discriminator", discriminator
    for n in (1, 2, 3, 4):
        inputs = 3 if n == 1 else c
        convolution(f"{d}/block{n}/conv1", 3, inputs, c)
        convolution(f"{d}/block{n}/conv2", 3, c, c)
        if n <= 2:
            convolution(f"{d}/block{n}/skip", 1, inputs, c)
    attention(d + "/attention16", c)
    dense(d + "/output", c, 1)
    shapes[d + "/embedding/table"] = (CLASSES, c)
    return shapes


def is_weight(name):
    return name.endswith(("/kernel", "/table"))


def initial(name, shape):
    if is_weight(name):
        return weight(name, shape)
    if name.endswith("/gate"):
        return rounded(np.full(shape, 0.3))
    if name == "discriminator/output/bias":
        return rounded(np.full(shape, -4))
    x = uniform(name, shape)
    if name.endswith("/gain"):
        return rounded(0.3 + 0.03 * x)
    return rounded(np.where(x < 0, -1, 1) * (0.8 + 0.2 * np.abs(x)) if "/norm" in name else 0.1 * x)


def tensors(prefix, batch):
    label = lambda name: 10 * bits(f"{prefix}/{name}", batch) >> 24
    return dict(
        real=rounded(0.9 * uniform(prefix + "/real", (batch, SIDE, SIDE, 3))),
        noise=rounded(np.sqrt(3) * uniform(prefix + "/noise", (batch, NOISE))),
        realLabels=label("realLabels"), fakeLabels=label("fakeLabels"))


class Model:
    """Both networks; activations are [N,C,H,W] inside, as PyTorch has them."""

    def __init__(self, generator, discriminator, batch, inputs, dtype=torch.float64, fault=None, rounding=None):
        self.dtype, self.fault = dtype, fault
        # The standard deviation of what every convolution errs by, and the seed it is drawn with.
        self.rounding = rounding and (rounding[0], torch.Generator().manual_seed(rounding[1]))
        self.p = {
            name: self.tensor(initial(name, shape)).requires_grad_()
            for name, shape in parameters(generator, discriminator).items()}
        if fault == "gate 0":
            for name in self.p:
                if name.endswith("gate"):
                    self.p[name].data.zero_()
        data = tensors(inputs, batch)
        self.real, self.noise = self.tensor(data["real"]).permute(0, 3, 1, 2), self.tensor(data["noise"])
        self.realLabels, self.fakeLabels = (torch.from_numpy(data[k]) for k in ("realLabels", "fakeLabels"))

    def tensor(self, array):
        return torch.tensor(array, dtype=self.dtype)

    def matrix(self, name):
        """W as [rows, columns], u, v."""
        w = self.p[name].reshape(-1, self.p[name].shape[-1])
        return w, self.tensor(vector(name + "/u", w.shape[1])), self.tensor(vector(name + "/v", w.shape[0]))

    def sigma(self, name, iterations=0):
        w, u, v = self.matrix(name)
        for _ in range(iterations):
            v = F.normalize(w @ u, dim=0)
            u = F.normalize(w.T @ v, dim=0)
        return v @ w @ u

    def weight(self, name):
        sigma = self.sigma(name)
        return self.p[name] / (sigma.detach() if self.fault == "sigma constant in gradients" else sigma)

    def dense(self, name, x):
        return x @ self.weight(name + "/kernel") + self.p[name + "/bias"]

    def conv(self, name, x):
        w = self.weight(name + "/kernel").permute(3, 2, 0, 1)
        y = F.conv2d(x, w, self.p.get(name + "/bias"), padding=w.shape[2] // 2)
        if self.rounding:
            size, generator = self.rounding
            y = y + size * y.detach().std() * torch.randn(y.shape, generator=generator, dtype=y.dtype)
        return y

    def norm(self, name, x, labels=None):
        epsilon = 1e-3 if self.fault == "epsilon 1e-3" else EPSILON
        if self.fault == "unbiased variance":
            n = x.numel() // x.shape[1]
            y = (x - x.mean((0, 2, 3), keepdim=True)) / (x.var((0, 2, 3), keepdim=True, correction=1) + epsilon).sqrt()
        elif self.fault == "statistics of half a batch":
            half = lambda part: F.batch_norm(part, None, None, training=True, eps=epsilon)
            y = torch.cat([half(part) for part in x.chunk(2)])
        else:
            y = F.batch_norm(x, None, None, training=True, eps=epsilon)
        gain, bias = self.p[name + "/gain"], self.p[name + "/bias"]
        if labels is not None:
            gain, bias = gain[labels], bias[labels]
        return y * gain.reshape(-1, x.shape[1], 1, 1) + bias.reshape(-1, x.shape[1], 1, 1)

    def attention(self, name, x):
        pool = F.avg_pool2d if self.fault == "attention pools means" else F.max_pool2d
        q = self.conv(name + "/query", x).flatten(2).transpose(1, 2)
        k = pool(self.conv(name + "/key", x), 2).flatten(2)
        v = pool(self.conv(name + "/value", x), 2).flatten(2).transpose(1, 2)
        scores = q @ k / (np.sqrt(q.shape[-1]) if self.fault == "attention scaled" else 1)
        y = (torch.softmax(scores, -1) @ v).transpose(1, 2).unflatten(2, x.shape[2:])
        return x + self.p[name + "/gate"] * self.conv(name + "/output", y)

    def generate(self):
        y, side = self.fakeLabels, SIDE // 8
        up = lambda x: F.interpolate(x, scale_factor=2, mode="nearest")
        h = self.dense("generator/input", self.noise)
        if self.fault == "dense channels first":
            h = h.reshape(len(h), -1, side, side)
        else:
            h = h.reshape(len(h), side, side, -1).permute(0, 3, 1, 2)
        for n in (1, 2, 3):
            block = f"generator/block{n}"
            x = h
            h = self.conv(block + "/conv1", up(F.relu(self.norm(block + "/norm1", x, y))))
            h = self.conv(block + "/conv2", F.relu(self.norm(block + "/norm2", h, y)))
            h = h + up(self.conv(block + "/skip", x))
            if h.shape[2] == 16:
                h = self.attention("generator/attention16", h)
        return torch.tanh(self.conv("generator/image", F.relu(self.norm("generator/norm", h))))

    def discriminate(self, images, labels):
        h = images
        for n in (1, 2, 3, 4):
            block, x = f"discriminator/block{n}", h
            h = self.conv(block + "/conv1", x if n == 1 and self.fault != "first block rectifies" else F.relu(x))
            h = self.conv(block + "/conv2", F.relu(h))
            if n <= 2:
                h, x = F.avg_pool2d(h, 2), self.conv(block + "/skip", F.avg_pool2d(x, 2))
            h = h + x
            if n == 1:
                h = self.attention("discriminator/attention16", h)
        f = F.relu(h).sum((2, 3))
        embedded = self.weight("discriminator/embedding/table")[labels]
        return self.dense("discriminator/output", f)[:, 0] + (embedded * f).sum(1)

    def gradients(self, loss):
        network = [n for n in self.p if n.startswith(loss[0])]
        found = torch.autograd.grad(loss[1], [self.p[n] for n in network], retain_graph=True)
        return {n: g.double() for n, g in zip(network, found)}


def step(model, penalized):
    fake, batch = model.generate(), len(model.real)
    logits = model.discriminate(torch.cat([model.real, fake.detach()]), torch.cat([model.realLabels, model.fakeLabels]))
    losses = dict(
        discriminator=F.relu(1 - logits[:batch]).mean() + F.relu(1 + logits[batch:]).mean(),
        generator=-model.discriminate(fake, model.fakeLabels).mean())
    result = dict(logits=dict(real=logits[:batch].tolist(), fake=logits[batch:].tolist()), fake=fake.detach())
    if penalized:
        real = model.real.clone().requires_grad_()
        total = model.discriminate(real, model.realLabels).sum()
        (slope,) = torch.autograd.grad(total, real, create_graph=True)
        losses["penalized"] = losses["discriminator"] + R1 / 2 * slope.square().sum((1, 2, 3)).mean()
    result["losses"] = {k: v.item() for k, v in losses.items()}
    result["gradients"] = {
        k: model.gradients(("generator" if k == "generator" else "discriminator", v)) for k, v in losses.items()}
    return result


def difference(found, exact):
    """The largest relative differences over the losses, and over the gradients that are recorded."""
    worst = dict(losses=(max(abs(found["losses"][k] / v - 1) for k, v in exact["losses"].items()),))
    for loss, gradients in exact["gradients"].items():
        for name in set(gradients) & set(RECORDED):
            a, b = found["gradients"][loss][name].flatten(), gradients[name].flatten()
            scale = b.abs().clamp(min=float(b.square().mean().sqrt()))
            for kind, value in (
                    ("norms", a.norm() / b.norm() - 1), ("elements", ((a - b) / scale)[places(name, b)].abs().max()),
                    ("gradients", (a - b).norm() / b.norm())):
                worst[kind] = max(worst.get(kind, (0,)), (abs(float(value)), f"{loss}: {name}"))
    return {kind: list(value) for kind, value in worst.items()}


def places(name, gradient, number=4):
    """The places of the largest of 64 elements, drawn by the tensor's own hash."""
    drawn = np.unique(bits(name + "/places", 64) % gradient.numel())
    size = gradient.flatten()[drawn].abs().numpy()
    return sorted(int(i) for i in drawn[np.argsort(-size)[:number]])


def record(case, sizes):
    model = Model(**sizes)
    exact = step(model, penalized=case == "small")
    fake = exact["fake"].permute(0, 2, 3, 1)
    pixels = [tuple(bits("pixels", 32)[4 * k:4 * k + 4] % np.array(fake.shape)) for k in range(8)]
    weights = [n for n in model.p if is_weight(n) and n in RECORDED]
    entry = dict(
        sizes, losses=exact["losses"], logits=exact["logits"],
        pixels=[[[int(i) for i in place], fake[place].item()] for place in pixels],
        sigmas={n: model.sigma(n).item() for n in weights},
        sigmasAfter={n: model.sigma(n, iterations=2).item() for n in weights},
        gradients={
            loss: {
                name: dict(norm=float(g.norm()), elements=[[i, g.flatten()[i].item()] for i in places(name, g)])
                for name, g in gradients.items() if name in RECORDED}
            for loss, gradients in exact["gradients"].items()})
    other = lambda **options: difference(step(Model(**sizes, **options), penalized=case == "small"), exact)
    entry["float32Difference"] = other(dtype=torch.float32)
    draws = [other(rounding=(ROUNDING, seed)) for seed in (1, 2, 3)]
    entry["roundingDifference"] = {kind: max(draw[kind] for draw in draws) for kind in draws[0]}
    return entry


def digits(value, count):
    if isinstance(value, dict):
        return {RENAMED.get(k, k): digits(v, count) for k, v in value.items()}
    if isinstance(value, list):
        return [digits(v, count) for v in value]
    return float(f"{value:.{count}g}") if isinstance(value, float) else value


def faults():
    exact = step(Model(**CASES["small"]), penalized=True)
    for fault in (
            "gate 0", "sigma constant in gradients", "epsilon 1e-3", "unbiased variance", "statistics of half a batch",
            "attention pools means", "attention scaled", "dense channels first", "first block rectifies"):
        print(fault, digits(difference(step(Model(**CASES["small"], fault=fault), penalized=True), exact), 2))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--faults", action="store_true")
    torch.set_num_threads(1)
    if arguments.parse_args().faults:
        return faults()
    prefix = CASES["small"]["inputs"]
    small = tensors(prefix, CASES["small"]["batch"])
    record_ = dict(
        about="Recorded by sagan_reference.py, which documents every formula.",
        versions=dict(torch=torch.__version__, numpy=np.__version__),
        samples={
            name: values.flatten()[:4].tolist()
            for name, values in (
                (prefix + "/real", small["real"]), (prefix + "/noise", small["noise"]),
                (prefix + "/realLabels", small["realLabels"]), (prefix + "/fakeLabels", small["fakeLabels"]),
                ("generator/input/kernel", weight("generator/input/kernel", (128, 512))),
                ("generator/input/kernel/v", vector("generator/input/kernel/v", 128)),
                ("generator/norm/bias", initial("generator/norm/bias", (32,))))})
    record_["cases"] = {case: record(case, sizes) for case, sizes in CASES.items()}
    for case, entry in record_["cases"].items():
        print(case, digits(entry["losses"], 5), digits(entry["logits"], 3))
        for kind in ("float32Difference", "roundingDifference"):
            print(" ", kind, digits(entry[kind], 2))
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sagan_reference.json")
    text = json.dumps(digits(record_, 9), indent=1)
    for _ in range(3):  # lists of numbers, of pairs and of places on one line
        text = re.sub(r"\[\s+([^{}]*?)\s+\](?=[,\s])", lambda m: "[" + re.sub(r"\s+", " ", m[1]) + "]", text)
    with open(path, "w") as file:
        file.write(text + "\n")
    print(f"sagan_reference.json: {os.path.getsize(path):,} bytes")


if __name__ == "__main__":
    main()
