"""Attention against onnxruntime, and its masks against numpy in float64."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.canonical.errors import Unsupported
from atomic_verify.canonical.lowering import lower
from tests.support.onnx_nodes import agree, answers, numbers, one_node

QKV = {"a": (2, 4, 3, 8), "b": (2, 2, 5, 8), "c": (2, 2, 5, 6)}


def qkv(shapes=QKV) -> dict:
    return {name: numbers(place, *shape) for place, (name, shape) in enumerate(shapes.items())}


def attended(q, k, v, allowed, bias=0.0, scale=None):
    """Attention in float64; `allowed` and `bias` broadcast to the scores (B, H, S, T)."""
    each = q.shape[1] // k.shape[1]
    q, k, v = q.astype(np.float64), k.repeat(each, 1).astype(np.float64), v.repeat(each, 1).astype(np.float64)
    scores = q @ k.swapaxes(2, 3) * (scale or 1 / np.sqrt(q.shape[3])) + bias
    weights = np.exp(scores - scores.max(-1, keepdims=True)) * allowed
    total = weights.sum(-1, keepdims=True)
    return weights / np.where(total == 0, 1, total) @ v


@given(st.data())
def test_against_onnxruntime(data) -> None:
    batch, shared, each, steps, total = (data.draw(st.integers(1, 3)) for _ in range(5))
    width, other = data.draw(st.sampled_from([(4, 4), (8, 6)]))
    flat = data.draw(st.booleans())
    inputs = qkv(
        {
            "a": (batch, shared * each, steps, width),
            "b": (batch, shared, total, width),
            "c": (batch, shared, total, other),
        }
    )
    attributes = {"scale": 0.4} if data.draw(st.booleans()) else {}
    if data.draw(st.booleans()):
        attributes["softcap"] = 2.0
    if data.draw(st.booleans()):
        inputs["d"] = numbers(9, steps, total)
    if flat:
        for name in "abc":
            x = inputs[name]
            inputs[name] = np.ascontiguousarray(x.swapaxes(1, 2)).reshape(x.shape[0], x.shape[2], -1)
        attributes |= {"q_num_heads": shared * each, "kv_num_heads": shared}
    agree("Attention", inputs, opset=23, tolerance=1e-5, **attributes)


@pytest.mark.parametrize("known", [True, False])
def test_boolean_mask_with_an_empty_row(known) -> None:
    inputs, mask = qkv(), np.random.default_rng(0).random((2, 1, 3, 5)) < 0.6
    mask[0, 0, 1] = False
    constants = {"d": mask} if known else {}
    (got,) = answers(
        one_node("Attention", inputs | ({} if known else {"d": mask}), constants, ["y"], 23, {}), inputs | {"d": mask}
    )
    np.testing.assert_allclose(got, attended(inputs["a"], inputs["b"], inputs["c"], mask), rtol=1e-5, atol=1e-6)
    assert not got[0, :, 1].any()


def test_causal_behind_a_cache() -> None:
    inputs = qkv() | {"e": numbers(4, 2, 2, 7, 8), "f": numbers(5, 2, 2, 7, 6)}
    made = answers(one_node("Attention", {**inputs, "d": None}, {}, ["x", "y", "z"], 23, {"is_causal": 1}), inputs)
    keys, values = np.concatenate([inputs["e"], inputs["b"]], 2), np.concatenate([inputs["f"], inputs["c"]], 2)
    allowed = np.arange(12) <= np.arange(3)[:, None] + 7
    np.testing.assert_allclose(made[0], attended(inputs["a"], keys, values, allowed), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(made[1], keys)
    np.testing.assert_array_equal(made[2], values)


@given(st.integers(-1, 3), st.integers(-1, 3), st.booleans(), st.booleans())
def test_windows(left, right, causal, counted) -> None:
    inputs = qkv()
    count = np.array([5, 4])
    offset = (count - 3).reshape(2, 1, 1, 1) if counted else np.zeros((1, 1, 1, 1), int)
    distance = np.arange(5) - np.arange(3)[:, None] - offset
    allowed = (
        np.ones_like(distance, bool)
        if not counted
        else np.broadcast_to(np.arange(5) < count.reshape(2, 1, 1, 1), distance.shape)
    )
    allowed = (
        allowed
        & ((distance <= right) | (right < 0))
        & ((distance >= -left) | (left < 0))
        & ((distance <= 0) | (not causal))
    )
    attributes = {"left_window_size": left, "right_window_size": right, "is_causal": int(causal)}
    full = {**inputs, "d": None, "e": None, "f": None, "g": count if counted else None}
    (got,) = answers(one_node("Attention", full, {}, ["y"], 25, attributes), inputs | ({"g": count} if counted else {}))
    np.testing.assert_allclose(got, attended(inputs["a"], inputs["b"], inputs["c"], allowed), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_scores_are_outputs(mode) -> None:
    inputs = qkv() | {"d": numbers(9, 3, 5)}
    outputs = ["w", "", "", "z"]
    plain = {"qk_matmul_output_mode": mode, "softcap": 1.5}
    _, got = answers(one_node("Attention", inputs, {}, outputs, 23, plain), inputs)
    scores = inputs["a"].astype(np.float64) @ inputs["b"].repeat(2, 1).swapaxes(2, 3) / np.sqrt(8)
    capped = 1.5 * np.tanh(scores / 1.5)
    weights = np.exp(capped + inputs["d"])
    wanted = [scores, capped, capped + inputs["d"], weights / weights.sum(-1, keepdims=True)][mode]
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)


def test_few_numbers_of_the_size_of_the_scores() -> None:
    shapes = QKV | {"c": (2, 2, 5, 7)}
    program = lower(one_node("Attention", qkv(shapes), {}, ["y"], 23, {})).program
    assert sum(step.elements == 2 * 4 * 3 * 5 for step in program.steps) == 3


def test_what_does_not_fit_is_refused() -> None:
    shapes = QKV | {"b": (2, 3, 5, 8), "c": (2, 3, 5, 6)}
    with pytest.raises(Unsupported, match="don't fit"):
        answers(one_node("Attention", qkv(shapes), {}, ["y"], 23, {}), qkv(shapes))
