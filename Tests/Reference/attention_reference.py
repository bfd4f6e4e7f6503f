#!/usr/bin/env python3
"""Reference values of the keras-self-attention family, from its formulas, in float64.

    python3 attention_reference.py            # recomputes, checks the published values, writes attention_reference.json
    python3 attention_reference.py --package  # the same, and compares with the package itself (records its versions)

Needs numpy; --package needs keras-self-attention 0.51.0, tensorflow and tf_keras. Written with NumPy 2.4.6.

All indices start at 0. Inputs ("inputs" of a case):

small: B=1, L=4, F=3, U=2.
    X[0,t,f] = 0.1(t+1) + 0.2 f (-1)^t      Wt[i,j] = 0.3(i+1) - 0.2 j      Wx[i,j] = -0.1(i+1) + 0.25 j
    bh = (0.05, -0.05)   Wa = (0.7, -0.4)   ba = 0.1
    multiplicative: Wa[i,j] = 0.2(i-j) + 0.1 [i=j], ba = 0.3
    SeqWeighted: W = (0.5, -0.3, 0.2), b = 0.1
    residual: prev[0,t,s] = 0.3 sin(t + 2s + 1)
wide: B=2, L=5, F=3, U=4; k = flat row-major index + 1.
    X = sin(1.3 k)   Wt = 0.6 sin(0.7 k)   Wx = 0.6 sin(0.9 k + 1)   bh = 0.2 sin(k + 2)   Wa = 0.8 sin(1.1 k + 3)
        ba = 0.15
    multiplicative: Wa = 0.5 sin(0.8 k + 4), ba = 0.15;   SeqWeighted: W = 0.8 sin(1.1 k + 3), b = 0.15
    residual: prev[b,t,s] = 0.4 sin(0.6 k + 5), shape [2,5,5]
cross (scaled dot-product with its own Q, K, V): B=2, Lq=3, Lk=4, d=2, F=3.
    Q = sin(1.3 k)   K = sin(0.9 k + 1)   V = sin(0.7 k + 2)   prev[b,t,s] = 0.4 sin(0.6 k + 5), shape [2,3,4]

Recorded per case: "scores" (after the score activation, before window and masks; for residual: newPrevious),
"attention", "output"; with regularizerWeight also "regularizer" = weight * sum_b |A_b A_b' - I|^2 / B. "penalties" is
what window and masks subtract from the scores, in units of 10000 (only where there are any).
Gradients ("gradients", wide and cross): of S = sum_i sin(i+1) output_i (+ regularizer), i the flat index of the
output, by five-point central differences with step 1e-3 (error about 1e-10; about 1e-9 where a whole row carries a
penalty). Numbers have 10 significant digits.
"""
import argparse
import json
import os
import sys

import numpy as np

STEP, PENALTY, EPSILON = 1e-3, 10000.0, 1e-7


def softmax(e):
    e = np.exp(e - e.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


ACTIVATIONS = {
    None: lambda e: e,
    "linear": lambda e: e,
    "softmax": softmax,
    "sigmoid": lambda e: 1 / (1 + np.exp(-e)),
    "tanh": np.tanh,
    "relu": lambda e: np.maximum(e, 0),
    "exponential": np.exp,
    "softplus": lambda e: np.log1p(np.exp(e)),
    "softsign": lambda e: e / (1 + np.abs(e)),
    "elu": lambda e: np.where(e > 0, e, np.expm1(e)),
    "hard_sigmoid": lambda e: np.clip(0.2 * e + 0.5, 0, 1),  # Keras 2; Keras 3 has x/6 + 0.5
}


def waves(shape, frequency, phase=0.0, amplitude=1.0):
    k = np.arange(1, np.prod(shape) + 1, dtype=np.float64)
    return (amplitude * np.sin(frequency * k + phase)).reshape(shape)


def inputs(kind, case):
    """The named float64 arrays of a case; gradients are taken with respect to each of them."""
    if case["inputs"] == "cross":
        named = dict(Q=waves((2, 3, 2), 1.3), K=waves((2, 4, 2), 0.9, 1), V=waves((2, 4, 3), 0.7, 2))
        return named | (dict(prev=waves((2, 3, 4), 0.6, 5, 0.4)) if kind == "residual" else {})
    if case["inputs"] == "small":
        i, j = np.arange(3.0)[:, None], np.arange(3.0)[None]
        t, f = np.arange(4.0)[:, None], np.arange(3.0)[None]
        x = (0.1 * (t + 1) + 0.2 * f * (-1.0) ** t)[None]
        every = dict(
            additive=dict(
                Wt=(0.3 * (i + 1) - 0.2 * j)[:, :2], Wx=(-0.1 * (i + 1) + 0.25 * j)[:, :2], bh=np.array([0.05, -0.05]),
                Wa=np.array([[0.7], [-0.4]]), ba=np.array([0.1])),
            multiplicative=dict(Wa=0.2 * (i - j) + 0.1 * (i == j), ba=np.array([0.3])),
            weighted=dict(W=np.array([[0.5], [-0.3], [0.2]]), b=np.array([0.1])),
            scaled={},
            residual=dict(prev=0.3 * np.sin(t + 2 * t.T + 1)[None]))
    else:
        x = waves((2, 5, 3), 1.3)
        every = dict(
            additive=dict(
                Wt=waves((3, 4), 0.7, 0, 0.6), Wx=waves((3, 4), 0.9, 1, 0.6), bh=waves((4,), 1, 2, 0.2),
                Wa=waves((4, 1), 1.1, 3, 0.8), ba=np.array([0.15])),
            multiplicative=dict(Wa=waves((3, 3), 0.8, 4, 0.5), ba=np.array([0.15])),
            weighted=dict(W=waves((3, 1), 1.1, 3, 0.8), b=np.array([0.15])),
            scaled={},
            residual=dict(prev=waves((2, 5, 5), 0.6, 5, 0.4)))
    named = dict(X=x) | every[kind]
    for name in case.get("without", []):
        del named[name]
    return named


def window(length, width, history):
    """1 where s is outside [lower, lower + width) of row t."""
    t, s = np.arange(length)[:, None], np.arange(length)[None]
    lower = t - (width - 1) if history else t - width // 2
    return 1.0 - ((lower <= s) & (s < lower + width))


def evaluate(kind, case, p):
    """Scores, attention, output, regulariser and the penalties in units of 10000."""
    mask = np.array(case["mask"], np.float64) if "mask" in case else None
    if kind == "weighted":
        scores = (p["X"] @ p["W"])[..., 0] + p.get("b", 0.0)
        penalties = (1 - mask if mask is not None else 0.0) + np.zeros_like(scores)
        e = scores - PENALTY * penalties
        e = np.exp(e - e.max(-1, keepdims=True))
        attention = e / (e.sum(-1, keepdims=True) + EPSILON)
        return scores, attention, np.einsum("bs,bsf->bf", attention, p["X"]), 0.0, penalties
    query, key, value = (p[n] if n in p else p["X"] for n in "QKV")
    if kind == "additive":
        h = np.tanh((query @ p["Wt"])[:, :, None] + (key @ p["Wx"])[:, None] + p.get("bh", 0.0))
        scores = (h @ p["Wa"])[..., 0] + p.get("ba", 0.0)
    elif kind == "multiplicative":
        scores = query @ p["Wa"] @ key.transpose(0, 2, 1) + p.get("ba", 0.0)
    else:
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1]) + p.get("prev", 0.0)
    scores = ACTIVATIONS[case.get("activation")](scores)
    penalties = np.zeros_like(scores)
    history = case.get("history", False)
    if kind in ("additive", "multiplicative"):
        width = case.get("width", 10**9 if history else None)
        if width is not None:
            penalties = penalties + window(scores.shape[1], width, history)
        if mask is not None:  # only pairs of which both positions are padding
            penalties = penalties + (1 - mask)[:, :, None] * (1 - mask)[:, None]
    else:
        if history:
            penalties = penalties + (np.arange(key.shape[1])[None] > np.arange(query.shape[1])[:, None])
        if mask is not None:  # padded keys, for every query
            penalties = penalties + (1 - mask)[:, None]
    attention = softmax(scores - PENALTY * penalties)
    gram = attention @ attention.transpose(0, 2, 1) - np.eye(attention.shape[1])
    regularizer = case.get("regularizerWeight", 0.0) * (gram**2).sum() / len(attention)
    return scores, attention, attention @ value, regularizer, penalties


def scalar(kind, case, p):
    _, _, output, regularizer, _ = evaluate(kind, case, p)
    return (output.ravel() * np.sin(np.arange(1, output.size + 1))).sum() + regularizer


def gradients(kind, case, p):
    result = {}
    for name, array in p.items():
        g = np.zeros_like(array)
        for i in np.ndindex(array.shape):
            saved, at = array[i], {}
            for k in (-2, -1, 1, 2):
                array[i] = saved + k * STEP
                at[k] = scalar(kind, case, p)
            array[i] = saved
            g[i] = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * STEP)
        result[name] = g
    return result


def all_cases():
    cases = {}

    def add(name, kind, inputs="small", **options):
        cases[name] = (kind, dict(inputs=inputs) | options)

    for kind in ("additive", "multiplicative"):
        for activation in ACTIVATIONS:
            add(f"{kind}/{activation or 'none'}", kind, activation=activation, regularizerWeight=1.0)
    mask = lambda text: [[int(c) for c in row] for row in text.split()]
    one = dict(regularizerWeight=1.0)
    for width in (1, 2, 3, 4):
        add(f"additive/width{width}", "additive", width=width, **one)
    add("multiplicative/width3", "multiplicative", width=3, **one)
    for width in (1, 2, 3):
        add(f"additive/history{width}", "additive", width=width, history=True, **one)
    add("additive/history", "additive", history=True, **one)
    add("multiplicative/history", "multiplicative", history=True, **one)
    add("additive/mask1110", "additive", mask=mask("1110"), **one)
    add("additive/mask1100", "additive", mask=mask("1100"), **one)
    add("multiplicative/mask1110", "multiplicative", mask=mask("1110"), **one)
    add("additive/width3/mask1100", "additive", width=3, mask=mask("1100"), **one)
    add("additive/width1/mask1100", "additive", width=1, mask=mask("1100"), **one)
    add("additive/history2/mask1100", "additive", width=2, history=True, mask=mask("1100"), **one)
    add("additive/withoutBiases", "additive", without=["bh", "ba"], **one)
    add("additive/withoutAdditiveBias", "additive", without=["bh"], activation="sigmoid", **one)
    add("multiplicative/withoutBias", "multiplicative", without=["ba"], **one)
    add("weighted", "weighted")
    add("weighted/withoutBias", "weighted", without=["b"])
    add("weighted/mask1110", "weighted", mask=mask("1110"))
    add("scaled", "scaled")
    add("scaled/history", "scaled", history=True)
    add("scaled/mask1110", "scaled", mask=mask("1110"))
    add("residual", "residual", mask=mask("1111"))
    add("residual/history", "residual", history=True, mask=mask("1111"))
    add("residual/mask1110", "residual", mask=mask("1110"))
    half, padded = dict(regularizerWeight=0.5), mask("11100 11111")
    for activation in (None, "sigmoid", "softmax", "tanh"):
        name = activation or "none"
        add(f"wide/additive/{name}", "additive", "wide", activation=activation, **half)
        add(f"wide/multiplicative/{name}", "multiplicative", "wide", activation=activation, **half)
    add("wide/additive/relu", "additive", "wide", activation="relu")
    add("wide/additive/exponential", "additive", "wide", activation="exponential")
    add("wide/additive/width3/mask", "additive", "wide", activation="sigmoid", width=3, mask=padded, **half)
    add("wide/additive/history", "additive", "wide", activation="softmax", history=True, mask=padded, **half)
    add("wide/multiplicative/history2", "multiplicative", "wide", activation="tanh", width=2, history=True, **half)
    add("wide/weighted/mask", "weighted", "wide", mask=padded)
    add("wide/scaled/history/mask", "scaled", "wide", history=True, mask=padded)
    add("wide/residual/history/mask", "residual", "wide", history=True, mask=padded)
    add("cross/scaled/mask", "scaled", "cross", mask=mask("1110 1111"))
    add("cross/scaled/history", "scaled", "cross", history=True)
    add("cross/residual/mask", "residual", "cross", mask=mask("1110 1111"))
    return cases


# Values published with the formulas (8 digits), as (case, field, row, numbers).
PUBLISHED = [
    ("additive/none", "scores", 0, "0.25415494 0.36932454 0.17413397 0.30578969"),
    ("additive/none", "scores", 3, "0.11897625 0.27914116 0.02318281 0.18923957"),
    ("multiplicative/none", "scores", 0, "0.335 0.364 0.401 0.430"),
    ("multiplicative/none", "scores", 3, "0.190 0.356 0.154 0.320"),
    ("additive/none", "attention", 0, "0.24401244 0.27379750 0.22524715 0.25694291"),
    ("additive/none", "output", 0, "0.24951205 0.23721589 0.22491972"),
    ("additive/none", "regularizer", None, "2.99926261"),
    ("additive/sigmoid", "attention", 0, "0.24865396 0.25573942 0.24378511 0.25182151"),
    ("additive/sigmoid", "output", 0, "0.24987742 0.24685304 0.24382867"),
    ("additive/sigmoid", "regularizer", None, "2.99995010"),
    ("additive/softmax", "attention", 0, "0.24846837 0.25598033 0.24384926 0.25170204"),
    ("additive/softmax", "output", 0, "0.24987850 0.24680555 0.24373260"),
    ("additive/softmax", "regularizer", None, "2.99995133"),
    ("multiplicative/none", "attention", 0, "0.23824782 0.24525817 0.25450269 0.26199133"),
    ("multiplicative/none", "output", 0, "0.25402375 0.25112396 0.24822416"),
    ("multiplicative/none", "regularizer", None, "2.99717518"),
    ("multiplicative/tanh", "attention", 0, "0.23973005 0.24597739 0.25399420 0.26029835"),
    ("multiplicative/tanh", "regularizer", None, "2.99765183"),
    ("additive/width3", "attention", 1, "0.32318088 0.38032052 0.29649860 0"),
    ("additive/width3", "regularizer", None, "2.04724349"),
    ("additive/width2", "attention", 1, "0.45938911 0.54061089 0 0"),
    ("additive/width2", "attention", 0, "1 0 0 0"),
    ("additive/width2", "regularizer", None, "1.42081012"),
    ("additive/history3", "attention", 3, "0 0.37199677 0.28799031 0.34001291"),
    ("additive/history", "attention", 2, "0.33125356 0.35531764 0.31342879 0"),
    ("additive/history", "regularizer", None, "2.50585801"),
    ("additive/mask1110", "attention", 0, "0.24401244 0.27379750 0.22524715 0.25694291"),
    ("additive/mask1110", "attention", 3, "0.32442715 0.38078157 0.29479128 0"),
    ("additive/mask1100", "attention", 2, "0.48247518 0.51752482 0 0"),
    ("additive/mask1100", "regularizer", None, "2.79131352"),
    ("weighted", "attention", None, "0.24000532 0.24000532 0.25999466 0.25999466"),
    ("weighted", "output", None, "0.25399786 0.25399786 0.25399786"),
    ("scaled", "attention", 0, "0.26629264 0.20774996 0.29545570 0.23050171"),
    ("scaled", "output", 0, "0.24901665 0.27371598 0.29841531"),
    ("scaled/history", "attention", 2, "0.34575027 0.24311464 0.41113509 0"),
]


def package_values(kind, case, p):
    """The same case computed by keras-self-attention in float64: fields and gradients (by its own differentiation)."""
    import tensorflow as tf
    import keras_self_attention as ksa

    mask = tf.constant(np.array(case["mask"]) > 0) if "mask" in case else None
    history = case.get("history", False)
    tensors = {n: tf.Variable(v) for n, v in p.items()}
    if kind in ("additive", "multiplicative"):
        layer = ksa.SeqSelfAttention(
            units=p["Wa"].shape[0], attention_type=kind, attention_width=case.get("width"), return_attention=True,
            history_only=history, attention_activation=case.get("activation"), use_additive_bias="bh" in p,
            use_attention_bias="ba" in p, attention_regularizer_weight=case.get("regularizerWeight", 0.0))
    elif kind == "weighted":
        layer = ksa.SeqWeightedAttention(use_bias="b" in p, return_attention=True)
    else:
        made = dict(scaled=ksa.ScaledDotProductAttention, residual=ksa.ResidualScaledDotProductAttention)[kind]
        layer = made(return_attention=True, history_only=history)
    if "X" in p and kind not in ("scaled", "residual"):
        layer.build(p["X"].shape)
        for name in set(p) - {"X"}:
            getattr(layer, name).assign(p[name])
            tensors[name] = getattr(layer, name)
    with tf.GradientTape() as tape:
        x = [tensors[n] + 0.0 for n in "QKV"] if "Q" in p else tensors["X"] + 0.0
        extra = {}
        if kind == "residual":
            call = (x if isinstance(x, list) else [x]) + [tensors["prev"] + 0.0]
            masks = [mask] * (len(call) - 1) + [None]
            output, extra["scores"], attention = layer.call(call, mask=masks)
        elif isinstance(x, list):
            output, attention = layer.call(x, mask=[mask, mask, mask] if mask is not None else None)
        else:
            output, attention = layer(x, mask=mask)
        regularizer = sum(layer.losses) if case.get("regularizerWeight") else tf.constant(0.0, tf.float64)
        weights = np.sin(np.arange(1, tf.size(output).numpy() + 1))
        total = tf.reduce_sum(tf.reshape(output, [-1]) * weights) + regularizer
    derived = tape.gradient(total, tensors)
    numbers = dict(attention=attention, output=output, regularizer=regularizer) | extra
    arrays = lambda named: {n: np.asarray(v) for n, v in named.items() if v is not None}
    return arrays(numbers), arrays(derived)


def digits(value):
    if isinstance(value, np.ndarray):
        return [digits(v) for v in value] if value.ndim else digits(float(value))
    value = float(value)
    if abs(value) < 1e-12:
        return 0
    short = float(f"{value:.10g}")
    return int(short) if short == int(short) and abs(short) < 1e9 else short


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--package", action="store_true", help="compare with keras-self-attention")
    package = arguments.parse_args().package
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "attention_reference.json")
    versions, worst = dict(numpy=np.__version__), {}
    if package:
        os.environ.update(TF_USE_LEGACY_KERAS="1", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
        import keras_self_attention, tensorflow, tf_keras
        tensorflow.keras.backend.set_floatx("float64")
        versions |= {
            "keras-self-attention": keras_self_attention.__version__, "tensorflow": tensorflow.__version__,
            "tf_keras": tf_keras.__version__}

    record, fields = {}, {}
    for name, (kind, case) in all_cases().items():
        p = inputs(kind, case)
        scores, attention, output, regularizer, penalties = evaluate(kind, case, p)
        fields[name] = dict(scores=scores, attention=attention, output=output, regularizer=regularizer)
        entry = dict(kind=kind) | case | dict(scores=scores, attention=attention, output=output)
        if np.any(penalties):
            entry["penalties"] = penalties
        if "regularizerWeight" in case:
            entry["regularizer"] = regularizer
        if case["inputs"] != "small":
            entry["gradients"] = gradients(kind, case, p)
        if package:
            values, derived = package_values(kind, case, p)
            for field, value in values.items():
                worst[field] = max(worst.get(field, 0.0), float(np.abs(value - fields[name][field]).max()))
            for tensor, gradient in entry.get("gradients", {}).items():
                difference = float(np.abs(gradient - derived.get(tensor, np.zeros_like(gradient))).max())
                worst["gradients"] = max(worst.get("gradients", 0.0), difference)
        record[name] = entry

    published = 0.0
    for name, field, row, text in PUBLISHED:
        value = np.asarray(fields[name][field])
        value = value if row is None else value[0, row]
        published = max(published, float(np.abs(np.array(text.split(), float) - value.ravel()).max()))
    print(f"{len(record)} cases; published values: largest difference {published:.1e} (they have 8 digits)")
    assert published < 6e-9
    for field, difference in worst.items():
        print(f"keras-self-attention {versions['keras-self-attention']}, {field}: largest difference {difference:.1e}")
    assert all(difference < 1e-8 for difference in worst.values())

    def tidy(entry):
        return {k: (digits(v) if isinstance(v, (np.ndarray, float)) else tidy(v) if isinstance(v, dict) else v)
                for k, v in entry.items() if v is not None}

    if not package and os.path.exists(path):  # keep what an earlier --package run measured
        with open(path) as file:
            before = json.load(file)
        versions, worst = before["versions"] | versions, before["packageDifference"]
    with open(path, "w") as file:
        file.write('{\n"about": "Float64 values of attention_reference.py, which documents inputs and fields.",\n')
        file.write(f'"versions": {json.dumps(versions)},\n"packageDifference": ')
        file.write(json.dumps({k: float(f"{v:.1e}") for k, v in worst.items()}) + ',\n"cases": {\n')
        file.write(",\n".join(f'"{n}": ' + json.dumps(tidy(e), separators=(",", ":")) for n, e in record.items()))
        file.write("\n}\n}\n")
    print(f"{os.path.basename(path)}: {os.path.getsize(path):,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
