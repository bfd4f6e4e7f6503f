"""Samples the generator of a SAGAN run in PyTorch from weights that `lockstep export` wrote, checks them against examples
and measures the rate, best setting of several.

    lockstep export RUN --output g.safetensors
    lockstep export RUN --output g.onnx --examples examples.npz --example-count 65
    python3 sample_torch.py g.safetensors examples.npz [--threads 2] [--seconds 3] [--compile]

Needs torch (2.13), safetensors and numpy. Prints JSON: the largest difference of a pixel, and images per second of every
setting (eager and traced, channels first and last, several batches).
"""
import argparse, itertools, json, time
import numpy as np, torch
import torch.nn.functional as F
from safetensors.numpy import load_file

parser = argparse.ArgumentParser()
parser.add_argument("weights")
parser.add_argument("examples")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=3)
parser.add_argument("--compile", action="store_true")
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
weights = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in load_file(arguments.weights).items()}


class Generator(torch.nn.Module):
    def __init__(self, last):
        super().__init__()
        self.last = last
        for name, value in weights.items():
            if value.ndim == 4:
                value = value.permute(3, 2, 0, 1).contiguous()
                if last:
                    value = value.to(memory_format=torch.channels_last)
            self.register_buffer(name.replace("/", "_"), value)
        self.blocks = sorted({n.split("/")[1] for n in weights if n.split("/")[1].startswith("block")})
        self.attention = next((n.split("/")[1] for n in weights if n.split("/")[1].startswith("attention")), None)
        self.channels = weights["generator/block1/norm1/scale"].shape[1]
        self.side = int((weights["generator/input/bias"].numel() // self.channels) ** 0.5)

    def w(self, name):
        return getattr(self, "generator_" + name)

    def norm(self, x, y, name):
        scale, shift = self.w(name + "_scale"), self.w(name + "_shift")
        if scale.ndim == 2:
            scale, shift = scale[y], shift[y]
        return torch.addcmul(shift.view(-1, shift.shape[-1], 1, 1), x, scale.view(-1, scale.shape[-1], 1, 1))

    def attend(self, x, name):
        n, c, h, w = x.shape
        query = F.conv2d(x, self.w(name + "_query_kernel")).flatten(2).transpose(1, 2)
        key = F.max_pool2d(F.conv2d(x, self.w(name + "_key_kernel")), 2).flatten(2)
        value = F.max_pool2d(F.conv2d(x, self.w(name + "_value_kernel")), 2).flatten(2).transpose(1, 2)
        seen = torch.bmm(torch.softmax(torch.bmm(query, key), -1), value)
        seen = seen.transpose(1, 2).reshape(n, -1, h, w)
        return x + self.w(name + "_gate") * F.conv2d(seen, self.w(name + "_output_kernel"))

    def forward(self, noise, y):
        x = torch.addmm(self.w("input_bias"), noise, self.w("input_kernel"))
        x = x.view(-1, self.side, self.side, self.channels).permute(0, 3, 1, 2)
        if not self.last:
            x = x.contiguous()
        for block in self.blocks:
            h = F.interpolate(F.relu(self.norm(x, y, block + "_norm1")), scale_factor=2.0, mode="nearest")
            h = F.conv2d(h, self.w(block + "_conv1_kernel"), self.w(block + "_conv1_bias"), padding=1)
            h = F.relu(self.norm(h, y, block + "_norm2"))
            h = F.conv2d(h, self.w(block + "_conv2_kernel"), self.w(block + "_conv2_bias"), padding=1)
            skip = F.conv2d(x, self.w(block + "_skip_kernel"), self.w(block + "_skip_bias"))
            x = h + F.interpolate(skip, scale_factor=2.0, mode="nearest")
            if self.attention and self.attention == f"attention{x.shape[2]}":
                x = self.attend(x, self.attention)
        x = F.relu(self.norm(x, y, "norm"))
        return torch.tanh(F.conv2d(x, self.w("image_kernel"), self.w("image_bias"), padding=1))


examples = np.load(arguments.examples)
noise = torch.from_numpy(examples["noise"])
labels = torch.from_numpy(examples["condition"].argmax(1))
classes = examples["condition"].shape[1]
result = {"torch": torch.__version__, "threads": arguments.threads, "rates": {}}
with torch.inference_mode():
    images = Generator(False)(noise, labels).permute(0, 2, 3, 1).numpy()
    result["largestDifference"] = float(np.abs(images - examples["images"]).max())
    kinds = ["eager", "traced"] + (["compiled"] if arguments.compile else [])
    for kind, last, batch in itertools.product(kinds, (False, True), (64, 256, 1024)):
        generator = Generator(last)
        given = lambda: (torch.randn(batch, noise.shape[1]), torch.randint(0, classes, (batch,)))
        if kind == "traced":
            # Of a function, not of the module: traces of one class share what they know of shapes.
            generator = torch.jit.trace((lambda module: lambda z, y: module(z, y))(generator), given(), check_trace=False)
        if kind == "compiled":
            generator = torch.compile(generator)
        for _ in range(5):
            generator(*given())
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < arguments.seconds:
            generator(*given())
            count += batch
        rate = count / (time.perf_counter() - start)
        result["rates"][f"{kind} {'last' if last else 'first'} {batch}"] = round(rate)
result["best"] = max(result["rates"].values())
print(json.dumps(result))
