"""Views and the builder against numpy: random chains of accesses and operations mean what numpy says, and make valid
records only."""

import math
from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.canonical.builder import Builder
from atomic_verify.canonical.evaluate import Keep, PreparedProgram
from atomic_verify.canonical.law import check_element
from atomic_verify.canonical.program import Array, DType64, Function, Opcode
from atomic_verify.canonical.validity import program_fault
from atomic_verify.canonical.views import View
from atomic_verify.commitments import DType

Pair = tuple[View, Array]
Reduction = tuple[Opcode, Callable[..., Array]]
REDUCTIONS: tuple[Reduction, ...] = ((Opcode.SUM, np.sum), (Opcode.MAX, np.max), (Opcode.MIN, np.min))


class Chain:
    """A builder with random operations, each done in numpy too."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.builder = Builder()
        self.item: dict[str, Array] = {}

    def integer(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high, endpoint=True))

    def shape(self, most: int = 4) -> tuple[int, ...]:
        return tuple(self.integer(1, 5) for _ in range(self.integer(1, most)))

    def start(self) -> Pair:
        shape = self.shape()
        values = np.round(self.random.normal(size=shape) * 8)
        if self.integer(0, 3) == 0:
            return self.builder.weight(values), values
        name = f"x{len(self.item)}"
        self.item[name] = values
        return self.builder.input(name, DType.DOUBLE, shape), values

    def access(self, pair: Pair) -> Pair:
        """One random access."""
        view, values = pair
        b = self.builder
        kinds = ["perm", "slice", "reshape", "pad", "unsqueeze", "expand", "window", "copy"]
        match kinds[self.integer(0, len(kinds) - 1)]:
            case "perm":
                order = self.random.permutation(view.rank).tolist()
                return view.perm(order), values.transpose(order)
            case "slice" if view.rank:
                axis = self.integer(0, view.rank - 1)
                start = self.integer(0, view.shape[axis] - 1)
                step = self.integer(1, 2) * (1 if self.integer(0, 1) else -1)
                reach = view.shape[axis] - 1 - start if step > 0 else start
                size = self.integer(1, reach // abs(step) + 1)
                places = start + step * np.arange(size)
                return view.take(axis, start, size, step), values.take(places, axis)
            case "reshape":
                shape = self.factors(view.size)
                return b.reshape(view, shape), values.reshape(shape)
            case "pad" if view.rank and view.size < 400:
                low, high = ([self.integer(-1, 2) for _ in view.shape] for _ in range(2))
                low = [max(x, 1 - n) if x < 0 else x for x, n in zip(low, view.shape, strict=True)]
                high = [
                    x if n + min(a, 0) + min(x, 0) > 0 else 0 for x, a, n in zip(high, low, view.shape, strict=True)
                ]
                fill = float(self.integer(-2, 2))
                cut = values[
                    tuple(slice(max(0, -a), n - max(0, -z)) for a, z, n in zip(low, high, view.shape, strict=True))
                ]
                wide = np.pad(
                    cut, [(max(0, a), max(0, z)) for a, z in zip(low, high, strict=True)], constant_values=fill
                )
                return b.pad(view, low, high, fill), wide
            case "unsqueeze" if view.rank < 5:
                axis = self.integer(0, view.rank)
                return view.unsqueeze([axis]), np.expand_dims(values, axis)
            case "expand" if view.size < 400 and view.rank < 6:
                shape = tuple(self.integer(1, 3) if n == 1 else n for n in (1, *view.shape))
                return view.expand(shape), np.broadcast_to(values, shape)
            case "window" if view.rank and view.rank < 6:
                axis = self.integer(0, view.rank - 1)
                size, stride = self.integer(1, view.shape[axis]), self.integer(1, 2)
                wide = np.lib.stride_tricks.sliding_window_view(values, size, axis)
                wide = wide[tuple(slice(None, None, stride if d == axis else 1) for d in range(wide.ndim))]
                return b.window(view, axis, size, stride), wide
            case "copy":
                return b.copy(view), values
        return pair

    def factors(self, size: int) -> tuple[int, ...]:
        shape: list[int] = []
        while size > 1 and len(shape) < 4:
            divisors = [d for d in range(1, size + 1) if size % d == 0]
            shape.append(divisors[self.integer(0, len(divisors) - 1)])
            size //= shape[-1]
        return (*shape, size) if size > 1 else tuple(shape)

    def operate(self, pair: Pair) -> Pair:
        """One random step."""
        view, values = pair
        b = self.builder
        match self.integer(0, 4):
            case 0:
                other, more = self.start()
                small = other.shape[0]
                return (
                    b.map(Function.ADD, view.unsqueeze([view.rank]), b.reshape(other, (other.size,)).take(0, 0, small)),
                    values[..., None] + more.reshape(-1)[:small],
                )
            case 1 if view.rank:
                axes = [axis for axis in range(view.rank) if self.integer(0, 1)]
                opcode, reduce = REDUCTIONS[self.integer(0, 2)]
                keep = bool(self.integer(0, 1))
                return b.reduce(opcode, view, axes, keep), reduce(values, axis=tuple(axes), keepdims=keep)
            case 2 if view.rank:
                axis = self.integer(0, view.rank - 1)
                return b.concat([view, view, view], axis), np.concatenate([values] * 3, axis)
            case 3 if view.rank:
                axis = self.integer(0, view.rank - 1)
                places = self.random.integers(0, view.shape[axis], (2, 3))
                return b.gather(view, b.weight(places), axis), values.take(places, axis)
            case _ if view.rank and view.size:
                k = view.shape[-1]
                weight = np.round(self.random.normal(size=(4, k)) * 4)
                return b.matmul(view, b.weight(weight).perm([1, 0])), values @ weight.T
        return pair


@given(st.integers(0, 2**32))
def test_random_chains_mean_what_numpy_says(seed: int) -> None:
    chain = Chain(seed)
    view, values = chain.start()
    for _ in range(3):
        for _ in range(chain.integer(0, 3)):
            view, values = chain.access((view, values))
            assert view.shape == values.shape
        if view.size < 3000 and view.rank < 6:
            view, values = chain.operate((view, values))
            assert view.shape == values.shape
    program = chain.builder.finish([("y", view, DType.DOUBLE, view.shape)])
    assert program_fault(program) is None
    item = {spec.name: chain.item[spec.name] for spec in program.inputs}
    trace = PreparedProgram(program).evaluate(item)
    np.testing.assert_array_equal(trace.outputs()["y"], values)
    for number, step in enumerate(program.steps):
        flat = trace.tensor(number).reshape(-1)
        for element in {0, step.elements - 1, step.elements // 2}:
            assert check_element(program, trace, number, element, flat[element].item())


@given(st.integers(0, 2**32))
def test_dots_of_any_length_and_layout(seed: int) -> None:
    random = np.random.default_rng(seed)
    terms = int(random.choice([1, 2, 7, 512, 513, 640, 1021, 1536, 3000]))
    rows, columns = int(random.integers(1, 5)), int(random.integers(1, 5))
    a, b = random.normal(size=(2, rows, terms)), random.normal(size=(2, terms, columns))
    builder = Builder()
    order = random.permutation(3).tolist()
    back = np.argsort(order).tolist()
    x = builder.input("x", DType.DOUBLE, a.transpose(order).shape).perm(back)
    w = builder.weight(b) if random.random() < 0.5 else builder.input("w", DType.DOUBLE, b.shape)
    y = builder.matmul(x, w)
    program = builder.finish([("y", y, DType.DOUBLE, y.shape)])
    assert program_fault(program) is None
    assert all(step.terms <= 512 for step in program.steps)
    item = {"x": a.transpose(order).copy(), "w": b}
    trace = PreparedProgram(program).evaluate({spec.name: item[spec.name] for spec in program.inputs}, Keep.OUTPUTS)
    np.testing.assert_allclose(trace.outputs()["y"], a @ b, rtol=0, atol=1e-11)


@given(st.integers(0, 2**32))
def test_convolutions_of_any_kind(seed: int) -> None:
    random = np.random.default_rng(seed)
    axes = int(random.integers(1, 4))
    groups = int(random.choice([1, 1, 2, 3]))
    each, filters = int(random.integers(1, 4)), int(random.integers(1, 4))
    size = [int(random.integers(1, 4)) for _ in range(axes)]
    stride, dilation, pad = ([int(random.integers(low, 3)) for _ in range(axes)] for low in (1, 1, 0))
    shape = (2, groups * each, *[int(random.integers(5, 8)) for _ in range(axes)])
    x, w = random.normal(size=shape), random.normal(size=(groups * filters, each, *size))
    builder = Builder()
    view = builder.pad(builder.input("x", DType.DOUBLE, shape), [0, 0, *pad], [0, 0, *pad], 0.0)
    y = builder.conv(view, builder.weight(w), stride, dilation, groups)
    program = builder.finish([("y", y, DType.DOUBLE, y.shape)])
    assert program_fault(program) is None
    expected = convolution(np.pad(x, [(0, 0), (0, 0), *[(p, p) for p in pad]]), w, stride, dilation, groups)
    assert y.shape == expected.shape
    found = PreparedProgram(program).evaluate({"x": x}, Keep.OUTPUTS).outputs()["y"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def convolution(x: Array, w: Array, stride: list[int], dilation: list[int], groups: int) -> Array:
    """By its definition: a sum over taps."""
    axes = len(stride)
    sizes = w.shape[2:]
    out = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], sizes, stride, dilation, strict=True)]
    each, filters = w.shape[1], w.shape[0] // groups
    result = np.zeros((x.shape[0], w.shape[0], *out))
    for group in range(groups):
        inputs = x[:, group * each : (group + 1) * each]
        kernel = w[group * filters : (group + 1) * filters]
        for tap in np.ndindex(*sizes):
            window = tuple(
                slice(t * d, t * d + s * (o - 1) + 1, s) for t, d, s, o in zip(tap, dilation, stride, out, strict=True)
            )
            part = np.tensordot(kernel[(..., *tap)], inputs[(slice(None), slice(None), *window)], axes=(1, 1))
            result[:, group * filters : (group + 1) * filters] += np.moveaxis(part, 0, 1)
    assert result.ndim == 2 + axes
    return result


def test_a_fold_gives_the_bits_of_the_evaluation() -> None:
    random = np.random.default_rng(3)
    values = random.normal(size=(3, 5))
    for function in (Function.ADD, Function.DIV, Function.MOD, Function.MAX):
        folded, ran = Builder(), Builder()
        known = folded.map(function, folded.weight(values), folded.weight(values[::-1]))
        made = ran.map(function, ran.input("x", DType.DOUBLE, (3, 5)), ran.weight(values[::-1]))
        constant = folded.value(known)
        assert constant is not None
        found = PreparedProgram(ran.finish([("y", made, DType.DOUBLE, (3, 5))])).evaluate({"x": values}).outputs()["y"]
        np.testing.assert_array_equal(constant, found)


def test_functions_with_a_tolerance_are_never_folded() -> None:
    builder = Builder()
    made = builder.map(Function.EXP, builder.weight(np.arange(3.0)))
    assert builder.value(made) is None
    assert made.dtype is DType64.FLOAT
    assert math.prod(made.shape) == 3
