"""Operators at old and new opsets against onnxruntime: what ONNX's node tests, all at the newest opset, don't reach."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from atomic_verify.canonical.evaluate import evaluate
from atomic_verify.canonical.lowering import lower

RNG = np.random.default_rng(7)
OPSETS = (7, 9, 10, 11, 12, 13, 18, 21)


def reals(*shape: int) -> Any:
    return RNG.standard_normal(shape).astype(np.float32)


def longs(*values: int) -> Any:
    return np.array(values, np.int64)


X, Y = reals(2, 3, 4), reals(2, 3, 4, 5)
POSITIVE, SMALL = np.abs(X) + np.float32(0.1), np.clip(X * np.float32(0.3), -0.9, 0.9)
INTS, DIVISORS = RNG.integers(-9, 9, (3, 4)), longs(3, -4, 5, -7)
UNSIGNED = RNG.integers(0, 2**64, (3, 4), dtype=np.uint64)
WIDE = RNG.integers(-(2**40), 2**40, (3, 4))


@dataclass(frozen=True)
class Node:
    """One node, the opsets at which it is tried, its inputs and what it knows beforehand."""

    operator: str
    since: int
    before: int
    inputs: tuple[Any, ...]
    known: tuple[Any, ...] = ()
    outputs: int = 1
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.operator}-{self.attributes or ''}"


def node(operator: str, *inputs: Any, since: int = 7, before: int = 99, known=(), outputs: int = 1, **attributes: Any):
    return Node(operator, since, before, inputs, tuple(known), outputs, attributes)


def softmaxes() -> list[Node]:
    made = []
    for operator in ("Softmax", "LogSoftmax", "Hardmax"):
        made += [node(operator, Y), *(node(operator, X, axis=axis) for axis in (0, 1, 2))]
        made.append(node(operator, X, axis=-2, since=11))
    return made


def reductions() -> list[Node]:
    made = []
    for name in ("Mean", "Max", "Min", "Prod", "L1", "L2", "LogSumExp", "SumSquare", "Sum"):
        input_since = 13 if name == "Sum" else 18
        operator = f"Reduce{name}"
        made += [
            node(operator, Y, before=input_since, axes=[1, 3], keepdims=0),
            node(operator, Y, before=input_since, axes=[2]),
            node(operator, Y, since=input_since, known=[longs(1, -1)], keepdims=0),
            node(operator, Y),
        ]
    made += [node(name, Y, axis=2) for name in ("ArgMax", "ArgMin")]
    made += [node(name, Y, axis=1, keepdims=0) for name in ("ArgMax", "ArgMin")]
    made.append(node("ReduceLogSum", POSITIVE, before=18, axes=[0]))
    return made


def movements() -> list[Node]:
    return [
        node("Split", X, before=13, outputs=2, axis=2, split=[1, 3]),
        node("Split", X, before=18, outputs=3, axis=1),
        node("Split", X, since=13, known=[longs(1, 3)], outputs=2, axis=2),
        node("Split", Y, since=18, outputs=3, axis=3, num_outputs=3),
        node("Squeeze", reals(1, 3, 1), before=13, axes=[0]),
        node("Squeeze", reals(1, 3, 1), since=13, known=[longs(-1)]),
        node("Squeeze", reals(1, 3, 1)),
        node("Unsqueeze", X, before=13, axes=[0, 3]),
        node("Unsqueeze", X, since=13, known=[longs(0, -1)]),
        node("Slice", Y, before=10, axes=[1, 3], starts=[1, -3], ends=[9, -1]),
        node("Slice", Y, before=10, starts=[0, 1], ends=[2, 2]),
        node("Slice", Y, since=10, known=[longs(1, -1), longs(9, -9), longs(1, 3), longs(1, -2)]),
        node("Slice", Y, since=10, known=[longs(-1), longs(-100), longs(3), longs(-1)]),
        node("Slice", Y, since=10, known=[longs(3), longs(0), longs(3), longs(-1)]),
        node("Slice", Y, since=10, known=[longs(0, 1), longs(2, 3)]),
        node("Reshape", Y, known=[longs(0, -1, 5)]),
        node("Flatten", Y),
        node("Flatten", Y, axis=0),
        node("Flatten", Y, axis=2),
        node("Transpose", Y),
        node("Transpose", Y, perm=[0, 2, 3, 1]),
        node("Tile", X, known=[longs(2, 1, 3)]),
        node("Expand", reals(3, 1), since=8, known=[longs(2, 1, 4)]),
        node("Concat", X, X * 2, axis=1),
        node("DepthToSpace", reals(1, 8, 2, 3), blocksize=2),
        node("DepthToSpace", reals(1, 8, 2, 3), since=11, blocksize=2, mode="CRD"),
        node("SpaceToDepth", reals(1, 2, 4, 6), blocksize=2),
        node("Trilu", Y, since=14),
        node("Trilu", Y, since=14, known=[np.array(-1, np.int64)], upper=0),
        node("ReverseSequence", X, since=10, known=[longs(2, 3)], time_axis=1, batch_axis=0),
        node("Compress", X, since=9, known=[np.array([True, False, True])], axis=1),
        node("Compress", X, since=9, known=[np.array([True, False, True])]),
        node("Where", X > 0, X, reals(4), since=9),
        node("EyeLike", reals(3, 4), since=9, k=1),
    ]


def pads() -> list[Node]:
    made = []
    amounts = {
        "constant": [0, 1, 2, 0, 0, 3, 1, 2],
        "reflect": [0, 1, 2, 0, 0, 2, 1, 2],
        "edge": [1, 1, 2, 0, 0, 5, 1, 7],
    }
    for mode, amount in amounts.items():
        made += [
            node("Pad", Y, before=11, pads=amount, mode=mode, value=1.5),
            node("Pad", Y, since=11, known=[longs(*amount), np.float32(1.5)], mode=mode),
            node("Pad", Y, since=11, known=[longs(0, -1, 1, 0, 0, 0, -1, 2)], mode=mode),
        ]
    made.append(node("Pad", Y, since=19, known=[longs(0, 1, 2, 0, 0, 3, 1, 2)], mode="wrap"))
    made.append(node("Pad", Y, since=18, known=[longs(1, 2, 3, 1), np.float32(2), longs(-1, 1)]))
    return made


def activations() -> list[Node]:
    return [
        *(node(operator, X * 30) for operator in ("Relu", "Sigmoid", "Tanh", "Softplus", "Softsign", "HardSigmoid")),
        *(node("LeakyRelu", X, alpha=alpha) for alpha in (0.01, 2.5, -0.5)),
        node("Elu", X, alpha=-2.0),
        node("Selu", X, alpha=1.1, gamma=2.0),
        node("PRelu", Y, reals(3, 1, 1)),
        node("ThresholdedRelu", X, since=10, alpha=0.4),
        node("Shrink", X, since=9, lambd=0.3, bias=0.1),
        node("Celu", X, since=12, alpha=0.7),
        node("HardSwish", X * 5, since=14),
        node("Mish", X * 30, since=18),
        node("Gelu", X, since=20),
        node("Gelu", X, since=20, approximate="tanh"),
        *(node(operator, SMALL) for operator in ("Sin", "Cos", "Tan", "Asin", "Acos", "Atan")),
        *(node(operator, SMALL, since=9) for operator in ("Sinh", "Cosh", "Asinh", "Atanh", "Erf")),
        node("Acosh", POSITIVE + 1, since=9),
    ]


def arithmetic() -> list[Node]:
    narrow, eights = UNSIGNED.astype(np.int32), np.array([-128, 5, 127], np.int8)
    casts = (TensorProto.INT32, TensorProto.INT8, TensorProto.UINT8, TensorProto.BOOL, TensorProto.FLOAT)
    return [
        node("Pow", POSITIVE, X),
        *(node("Pow", POSITIVE, known=[np.full((2, 1, 4), power, np.float32)]) for power in (-1, 0.5, 1, 2, 3, 0, 7)),
        node("Sum", X, X, reals(4), since=8),
        node("Mean", X, reals(4), since=8),
        node("Max", X, X[::-1].copy(), reals(4), since=8),
        node("Clip", X, before=11, min=-0.5, max=0.25),
        node("Clip", X, before=11, max=0.25),
        node("Clip", X, since=11, known=[np.float32(-0.5), np.float32(0.3)]),
        node("Clip", X, np.float32(-0.5), since=11),
        node("Dropout", X, before=12, ratio=0.3),
        node("Dropout", X, since=12, known=[np.float32(0.3)]),
        node("Div", INTS, DIVISORS),
        node("Div", INTS.astype(np.int32), DIVISORS.astype(np.int32)),
        node("Mod", X, POSITIVE, since=10, fmod=1),
        node("Mod", INTS, DIVISORS, since=10),
        node("Mod", INTS, DIVISORS, since=10, fmod=1),
        *(node("Cast", WIDE, since=9, to=code) for code in casts),
        *(node("Cast", POSITIVE * 50, since=9, to=code) for code in casts),
        *(node("Cast", UNSIGNED, since=9, to=code) for code in (TensorProto.DOUBLE, TensorProto.FLOAT)),
        node("Less", UNSIGNED.astype(np.int64), UNSIGNED[::-1].astype(np.int64), since=9),
        node("Max", UNSIGNED, UNSIGNED[::-1].copy(), since=12),
        node("Add", UNSIGNED, UNSIGNED, since=14),
        node("Mul", narrow, narrow),
        node("Neg", eights),
        node("Abs", eights),
        node("Sign", X, since=9),
        node("BitShift", UNSIGNED, np.array([1, 2, 31, 63], np.uint64), since=11, direction="RIGHT"),
        node("BitShift", UNSIGNED.astype(np.uint32), np.array([1, 2, 31, 5], np.uint32), since=11, direction="LEFT"),
        node("TopK", X, before=10, outputs=2, k=2, axis=1),
        node("TopK", X, since=10, known=[longs(2)], outputs=2, axis=1),
        node("TopK", X, since=11, known=[longs(3)], outputs=2, largest=0),
        node("CumSum", Y, since=11, known=[np.array(2, np.int32)], exclusive=1, reverse=1),
        node("CumSum", Y, since=11, known=[np.array(-1, np.int32)]),
        node("QuantizeLinear", Y * 100, since=13, known=[POSITIVE[0, :, 0], np.array([3, 5, 200], np.uint8)], axis=1),
        node(
            "DequantizeLinear",
            RNG.integers(0, 255, (2, 3, 4)).astype(np.uint8),
            since=13,
            known=[POSITIVE[0, :, 0], np.array([3, 5, 200], np.uint8)],
            axis=1,
        ),
    ]


ALL = [*softmaxes(), *reductions(), *movements(), *pads(), *activations(), *arithmetic()]


def model_of(case: Node, opset: int) -> onnx.ModelProto:
    names = [f"x{place}" for place in range(len(case.inputs) + len(case.known))]
    results = [f"y{place}" for place in range(case.outputs)]
    made = helper.make_node(case.operator, names, results, **case.attributes)
    given = [np.asarray(item) for item in case.inputs]
    inputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(item.dtype), item.shape)
        for name, item in zip(names, given, strict=False)
    ]
    known = [numpy_helper.from_array(np.asarray(item), f"x{len(given) + n}") for n, item in enumerate(case.known)]
    outputs = [helper.make_empty_tensor_value_info(name) for name in results]
    graph = helper.make_graph([made], "one", inputs, outputs, known)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return onnx.shape_inference.infer_shapes(model)


def truth_of(model: onnx.ModelProto, inputs: Mapping[str, Any]) -> list[Any] | None:
    """What onnxruntime computes; None where it lacks the operator for these types at this opset."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        if "NOT_IMPLEMENTED" in str(error) or "INVALID_GRAPH" in str(error):
            return None
        raise
    return list(session.run(None, dict(inputs)))


@pytest.mark.parametrize("case", ALL, ids=[f"{n}-{case}" for n, case in enumerate(ALL)])
def test_same_as_onnxruntime(case: Node) -> None:
    compared = 0
    for opset in OPSETS:
        if not case.since <= opset < case.before:
            continue
        model = model_of(case, opset)
        inputs = {f"x{place}": np.asarray(item) for place, item in enumerate(case.inputs)}
        truth = truth_of(model, inputs)
        if truth is None:
            continue
        answer = evaluate(lower(model).program, inputs).answer()
        for place, expected in enumerate(truth):
            got = answer[f"y{place}"]
            assert (got.shape, got.dtype) == (expected.shape, expected.dtype), opset
            np.testing.assert_allclose(
                got, expected, rtol=1e-5, atol=1e-5 * float(np.abs(expected).max()), err_msg=str(opset)
            )
        compared += 1
    assert compared
