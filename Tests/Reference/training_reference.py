#!/usr/bin/env python3
"""Twenty training iterations of the dense attention CGAN in PyTorch, without any random numbers.

    python3 training_reference.py     # writes training_reference.json; needs torch (written with 2.13.0) and numpy

Every tensor follows from a formula, computed in float64 in the order written (no fused multiply-add) and then rounded
to float32, so that another program can start from the same bits. The float64 run starts from the same float32 numbers.

Networks (B = 8 images of 16x16x1, 10 classes, condition c = one-hot label; kernels are stored [in, out], y = x W + b):
  generator:     concat(noise[100], c) -> dense1 128 -> PReLU (slope per feature) -> tokens [8, 16] -> attention (score
                 activation softmax) -> flatten -> dense2 256 -> tanh -> image, row-major [16, 16, 1]
  discriminator: flatten -> dense1 128 -> LeakyReLU 0.2 -> tokens [8, 16] -> attention (score activation sigmoid) ->
                 flatten -> concat(., c) -> dense2 256 -> LeakyReLU 0.2 -> dense3 1 -> logit
  attention:     e[t,s] = f(tanh(x_t Wt + x_s Wx + bh) Wa + ba), 32 units; a = softmax over s; v = a x. Tokens are
                 consecutive runs of 16 features.

Parameters, in this order; t is the position in the list of both networks together, the generator first:
  generator/dense1/kernel, generator/dense1/bias, generator/prelu/slope,
  generator/attention/Wt, Wx, bh, Wa, ba, [gate,] generator/dense2/kernel, bias, [generator/dense3/kernel, bias,]
  discriminator/dense1/kernel, bias, discriminator/attention/Wt, Wx, bh, Wa, ba, [gate,]
  discriminator/dense2/kernel, bias, discriminator/dense3/kernel, bias      (brackets: variant "gated" only)
Element i (flat, row-major, from 0) with k = i + 1:
  kernels, Wt, Wx, Wa: sqrt(4 / (in + out)) * sin(0.37 k + 0.01 k^2 + t)     (Glorot's variance; Wa is [32, 1])
  dense biases, bh, ba: 0.05 * sin(0.37 k + 0.01 k^2 + t)
  slope: 0          gate: 0.3
0.01 k^2 is computed as (0.01 k) k, 0.05 k^2 (s + 1) below as ((0.05 k) k) (s + 1). The square keeps the kernels far
from rank 2, which a plain sine would give.

Data of iteration n = 0 ... 19, sample s = 0 ... 7; phase p = 0 real batch, 1 D step's fakes, 2 G step's:
  label(p)   = (s + n + 3 p) mod 10;     wrong label = (label(0) + 1 + (s + n) mod 9) mod 10
  noise(p)_j = 1.2 * sin(1.7 k + 0.05 k^2 (s + 1) + 2.3 n + p),  k = j + 1, j = 0 ... 99
  image[r,q] = 0.9 * cos(0.5 r + 0.3 q (label + 1) + 0.7 s + 1.1 n),  row r, column q

D step: G(noise(1)) without its gradient; one forward of [real; fake] with [label(0); label(1)]; loss = mean over 2B
of the binary cross-entropy softplus(l) - target * l, targets 1 (real), 0 (fake). Adam on D.
G step, with the updated D: loss = mean over B of softplus(-D(G(noise(2)))). Adam on G only.
Adam, step k = 1, 2, ...: m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2;
  p -= rate * (m / (1-b1^k)) / (sqrt(v / (1-b2^k)) + epsilon)
with b1 = 0.5, b2 = 0.999, epsilon = 1e-7, rate 2e-4. (Keras adds epsilon to the uncorrected root:
"lossDifferenceKerasEpsilon".) The gradient of generator/attention/ba is identically zero (softmax ignores a shift)
and is set to exactly 0.

Variants:
  plain      as above
  gated      attention output y = x + gate * v in both networks; generator: dense2 256 -> LeakyReLU 0.2 -> dense3 256
             -> tanh; D loss + 0.5 * mean over B of softplus(D(real, wrong label)); rate 2e-3; decoupled weight decay
             0.3 on every parameter: p *= 1 - rate * 0.3, then Adam's step
  penalized  plain, D loss + 0.5 * mean over B of |gradient of the logit with respect to the real image|^2
             (R1, weight 1)

Recorded per variant: "discriminatorLoss", "generatorLoss" (20 each, float64 run, as minimised: all terms included) and
"...Float32"; "normsBefore", "normsAfter" (L2 norm per parameter, float64); "first": at iteration 0
logits [real; fake] of the D step, logits of the G step, norms and first three elements of every gradient, the first
fake image's first row;
"parameterDifference": |float32 - float64| / |float64| over each network after 20 iterations.
"""
import json
import os
import re

import numpy as np
import torch
import torch.nn.functional as F

BATCH, ITERATIONS, BETA1, BETA2, EPSILON, DECAY = 8, 20, 0.5, 0.999, 1e-7, 0.3


def shapes(gated):
    def attention(network):
        names = dict(Wt=(16, 32), Wx=(16, 32), bh=(32,), Wa=(32, 1), ba=(1,)) | (dict(gate=(1,)) if gated else {})
        return {f"{network}/attention/{n}": s for n, s in names.items()}

    def dense(name, inputs, outputs):
        return {f"{name}/kernel": (inputs, outputs), f"{name}/bias": (outputs,)}

    g, d = "generator", "discriminator"
    return (
        dense(g + "/dense1", 110, 128) | {g + "/prelu/slope": (128,)} | attention(g) | dense(g + "/dense2", 128, 256)
        | (dense(g + "/dense3", 256, 256) if gated else {})
        | dense(d + "/dense1", 256, 128) | attention(d) | dense(d + "/dense2", 138, 256) | dense(d + "/dense3", 256, 1))


def initial(name, shape, t):
    if name.endswith("slope"):
        return np.zeros(shape, np.float32)
    if name.endswith("gate"):
        return np.full(shape, 0.3, np.float32)
    k = np.arange(1, np.prod(shape) + 1, dtype=np.float64)
    scale = np.sqrt(4 / sum(shape)) if len(shape) == 2 else 0.05
    return (scale * np.sin(0.37 * k + 0.01 * k * k + t)).astype(np.float32).reshape(shape)


def labels(n, phase):
    return (np.arange(BATCH) + n + 3 * phase) % 10


def noise(n, phase):
    s, k = np.arange(BATCH, dtype=np.float64)[:, None], np.arange(1.0, 101.0)[None]
    return (1.2 * np.sin(1.7 * k + 0.05 * k * k * (s + 1) + 2.3 * n + phase)).astype(np.float32)


def images(n):
    s, r, q = (np.arange(m, dtype=np.float64) for m in (BATCH, 16, 16))
    s, r, q = s[:, None, None], r[None, :, None], q[None, None, :]
    y = labels(n, 0)[:, None, None]
    return (0.9 * np.cos(0.5 * r + 0.3 * q * (y + 1) + 0.7 * s + 1.1 * n)).astype(np.float32).reshape(BATCH, 256)


class Model:
    def __init__(self, gated, dtype):
        self.gated, self.dtype = gated, dtype
        self.p = {
            name: torch.tensor(initial(name, shape, t), dtype=dtype).requires_grad_()
            for t, (name, shape) in enumerate(shapes(gated).items())}

    def tensor(self, array):
        return torch.tensor(array, dtype=self.dtype)

    def dense(self, name, x):
        return x @ self.p[name + "/kernel"] + self.p[name + "/bias"]

    def attention(self, network, x, activation):
        p = lambda n: self.p[f"{network}/attention/{n}"]
        h = torch.tanh((x @ p("Wt"))[:, :, None] + (x @ p("Wx"))[:, None] + p("bh"))
        v = torch.softmax(activation((h @ p("Wa"))[..., 0] + p("ba")), -1) @ x
        return x + p("gate") * v if self.gated else v

    def generate(self, z, y):
        x = self.dense("generator/dense1", torch.cat([self.tensor(z), self.condition(y)], 1))
        x = torch.where(x > 0, x, self.p["generator/prelu/slope"] * x)
        x = self.attention("generator", x.reshape(-1, 8, 16), lambda e: torch.softmax(e, -1)).reshape(-1, 128)
        x = self.dense("generator/dense2", x)
        if self.gated:
            x = self.dense("generator/dense3", F.leaky_relu(x, 0.2))
        return torch.tanh(x)

    def discriminate(self, image, y):
        x = F.leaky_relu(self.dense("discriminator/dense1", image), 0.2)
        x = self.attention("discriminator", x.reshape(-1, 8, 16), torch.sigmoid).reshape(-1, 128)
        x = F.leaky_relu(self.dense("discriminator/dense2", torch.cat([x, self.condition(y)], 1)), 0.2)
        return self.dense("discriminator/dense3", x)[:, 0]

    def condition(self, y):
        return self.tensor(np.eye(10)[y])


class Adam:
    def __init__(self, model, network, rate, decay, keras):
        self.p = {n: p for n, p in model.p.items() if n.startswith(network)}
        self.m = {n: torch.zeros_like(p) for n, p in self.p.items()}
        self.v = {n: torch.zeros_like(p) for n, p in self.p.items()}
        self.rate, self.decay, self.keras, self.k = rate, decay, keras, 0

    def step(self, loss):
        """Updates every parameter once; returns the gradients."""
        self.k += 1
        gradients = dict(zip(self.p, torch.autograd.grad(loss, list(self.p.values()))))
        if "generator/attention/ba" in gradients:
            gradients["generator/attention/ba"] = torch.zeros(1, dtype=loss.dtype)
        c1, c2 = 1 - BETA1**self.k, 1 - BETA2**self.k
        with torch.no_grad():
            for n, p in self.p.items():
                g = gradients[n]
                m, v = self.m[n].mul_(BETA1).add_((1 - BETA1) * g), self.v[n].mul_(BETA2).add_((1 - BETA2) * g * g)
                if self.keras:
                    update = np.sqrt(c2) / c1 * m / (v.sqrt() + EPSILON)
                else:
                    update = m / c1 / ((v / c2).sqrt() + EPSILON)
                p.mul_(1 - self.rate * self.decay).sub_(self.rate * update)
        return gradients


def run(variant, dtype, keras=False):
    gated = variant == "gated"
    model, rate, decay = Model(gated, dtype), 2e-3 if gated else 2e-4, DECAY if gated else 0.0
    d, g = (Adam(model, network, rate, decay, keras) for network in ("discriminator", "generator"))
    norms = lambda: {n: float(p.detach().double().norm()) for n, p in model.p.items()}
    result = dict(discriminatorLoss=[], generatorLoss=[], normsBefore=norms())
    for n in range(ITERATIONS):
        real = model.tensor(images(n)).requires_grad_(variant == "penalized")
        fake = model.generate(noise(n, 1), labels(n, 1)).detach()
        logits = model.discriminate(torch.cat([real, fake]), np.concatenate([labels(n, 0), labels(n, 1)]))
        target = torch.cat([torch.ones(BATCH), torch.zeros(BATCH)]).to(dtype)
        loss = F.binary_cross_entropy_with_logits(logits, target)
        if gated:
            wrong = (labels(n, 0) + 1 + (np.arange(BATCH) + n) % 9) % 10
            loss = loss + 0.5 * F.softplus(model.discriminate(real, wrong)).mean()
        if variant == "penalized":
            (slope,) = torch.autograd.grad(logits[:BATCH].sum(), real, create_graph=True)
            loss = loss + 0.5 * (slope * slope).sum(1).mean()
        gradients = d.step(loss)
        result["discriminatorLoss"].append(loss.item())
        fakeLogits = model.discriminate(model.generate(noise(n, 2), labels(n, 2)), labels(n, 2))
        loss = F.softplus(-fakeLogits).mean()
        gradients = g.step(loss) | gradients
        result["generatorLoss"].append(loss.item())
        if n == 0:
            result["first"] = dict(
                discriminatorLogits=logits.tolist(), generatorLogits=fakeLogits.tolist(),
                fakeFirstRow=fake[0, :16].tolist(),
                gradientNorms={k: float(v.double().norm()) for k, v in gradients.items()},
                gradientStarts={k: v.flatten()[:3].tolist() for k, v in gradients.items()})
    result["normsAfter"] = norms()
    result["parameters"] = {
        w: torch.cat([p.detach().double().flatten() for n, p in model.p.items() if n.startswith(w)])
        for w in ("generator", "discriminator")}
    return result


def digits(value, count):
    if isinstance(value, dict):
        return {k: digits(v, count) for k, v in value.items()}
    if isinstance(value, list):
        return [digits(v, count) for v in value]
    return float(f"{value:.{count}g}") if isinstance(value, float) else value


def main():
    torch.set_num_threads(1)
    record = dict(
        about="Recorded by training_reference.py, which documents every formula.",
        versions=dict(torch=torch.__version__, numpy=np.__version__), epsilon=EPSILON, variants={})
    record["samples"] = digits(dict(
        noise=dict(iteration=3, phase=1, sample=2, values=noise(3, 1)[2, :4].tolist()),
        image=dict(iteration=3, sample=2, row=5, values=images(3)[2, 80:84].tolist()),
        kernel=dict(
            name="generator/dense1/kernel", row=109,
            values=initial("generator/dense1/kernel", (110, 128), 0)[109, :4].tolist())), 9)
    for variant in ("plain", "gated", "penalized"):
        exact, single = run(variant, torch.float64), run(variant, torch.float32)
        keras = run(variant, torch.float64, keras=True)
        entry = {k: digits(v, 8) for k, v in exact.items() if k != "parameters"}
        worst = dict(single=0.0, keras=0.0)
        for k in ("discriminatorLoss", "generatorLoss"):
            entry[k + "Float32"] = digits(single[k], 9)
            for other, name in ((single, "single"), (keras, "keras")):
                worst[name] = max(worst[name], float(np.abs(np.subtract(other[k], exact[k])).max()))
        entry["lossDifferenceFloat32"] = digits(worst["single"], 2)
        entry["lossDifferenceKerasEpsilon"] = digits(worst["keras"], 2)
        difference = lambda other: {
            w: float((other["parameters"][w] - p).norm() / p.norm()) for w, p in exact["parameters"].items()}
        entry["parameterDifference"] = digits(difference(single), 2)
        record["variants"][variant] = entry
        print(f"{variant}: D {exact['discriminatorLoss'][0]:.6f} ... {exact['discriminatorLoss'][-1]:.6f}, "
              f"G {exact['generatorLoss'][0]:.6f} ... {exact['generatorLoss'][-1]:.6f}; "
              f"float32: losses {worst['single']:.1e}, "
              f"parameters {entry['parameterDifference']}; Keras' epsilon: losses {worst['keras']:.1e}")
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "training_reference.json")
    text = json.dumps(record, indent=1)
    one_line = lambda match: "[" + re.sub(r",\s+", ", ", match[1]) + "]"
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", one_line, text)
    with open(path, "w") as file:
        file.write(text + "\n")
    print(f"training_reference.json: {os.path.getsize(path):,} bytes")


if __name__ == "__main__":
    main()
