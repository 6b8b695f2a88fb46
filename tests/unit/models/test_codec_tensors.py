"""The codec of models without one of their own."""

import io
import json

import numpy as np
import pytest

from atomic_verify.commitments import DType, encode_item
from atomic_verify.models.codecs import make_codec
from atomic_verify.models.codecs.tensors import MAX_LISTED, TensorsCodec
from atomic_verify.models.errors import AnswerUndefined, CodecUnknown, ItemRefused
from tests.support.onnx_graphs import signature

INPUTS = signature(("a", DType.FLOAT, (1, 2)), ("b", DType.INT8, (3,)), ("c", DType.BOOL, ()))
OUTPUTS = signature(("scores", DType.FLOAT, (1, 3)), ("flags", DType.BOOL, (2,)))
ITEM = {"a": [[0.5, 2]], "b": [1, -128, 127], "c": True}


def codec(**options) -> TensorsCodec:
    return TensorsCodec(options, {}, INPUTS, OUTPUTS)


def encode(content: bytes) -> dict:
    return codec().encode(io.BytesIO(content))


def outputs(*scores: float) -> dict:
    return {"scores": np.array([scores], np.float32), "flags": np.array([True, False])}


def test_json_and_payload_bytes_give_the_same_tensors() -> None:
    from_json = encode(json.dumps(ITEM).encode())
    from_bytes = encode(encode_item(INPUTS.specs, from_json))
    for name, array in from_json.items():
        np.testing.assert_array_equal(array, from_bytes[name])
        assert array.dtype == from_bytes[name].dtype
    assert from_json["b"].tolist() == [1, -128, 127]


@pytest.mark.parametrize(
    "change",
    [
        {"a": [0.5, 2]},
        {"a": [[0.5, "2"]]},
        {"a": [[0.5], [1, 2]]},
        {"b": [1, 2, 128]},
        {"b": [1, 2, -129]},
        {"b": [1, 2, 3.0]},
        {"b": [1, 2, 10**30]},
        {"c": 1},
        {"c": None},
        {"d": 1},
    ],
)
def test_json_that_is_not_the_signature_is_refused(change: dict) -> None:
    with pytest.raises(ItemRefused):
        encode(json.dumps(ITEM | change).encode())


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"{}", b"{", b"null", bytes(11), bytes(13), b"[" * 12_000, b'{"a":' + b"[" * 3000,
        bytes(11) + b"\2",
        b'{"a":' + b" " * 100_000,
    ],
)  # fmt: skip
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ItemRefused):
        encode(content)


def test_an_answer_lists_all_outputs() -> None:
    assert codec().decode({}, outputs(1, np.nan, -np.inf)) == {
        "tensors": {
            "scores": {"dtype": "float", "shape": [1, 3], "data": [1.0, "NaN", "-Infinity"]},
            "flags": {"dtype": "bool", "shape": [2], "data": [True, False]},
        }
    }


def test_a_large_output_is_answered_by_its_digest() -> None:
    large = signature(("y", DType.INT8, (MAX_LISTED + 1,)))
    found = TensorsCodec({}, {}, INPUTS, large).decode({}, {"y": np.zeros(MAX_LISTED + 1, np.int8)})
    assert found["tensors"]["y"].keys() == {"dtype", "shape", "sha256"}


def test_option_scores_makes_a_class_of_it() -> None:
    assert codec(scores="scores").decode({}, outputs(1, 3, 3)) == {"class_index": 1, "score": 3.0, "scores": [1, 3, 3]}
    assert codec(scores="scores", labels=["x", "y", "z"]).decode({}, outputs(1, 2, 3))["class_label"] == "z"


@pytest.mark.parametrize("score", [np.nan, np.inf])
def test_a_class_of_scores_that_are_not_finite_is_undefined(score: float) -> None:
    with pytest.raises(AnswerUndefined):
        codec(scores="scores").decode({}, outputs(1, score, 3))


@pytest.mark.parametrize(
    "options", [{"scores": "nope"}, {"labels": ["x"]}, {"scores": "scores", "labels": ["x"]}, {"x": 1}]
)
def test_options_that_do_not_fit_are_refused(options: dict) -> None:
    with pytest.raises(CodecUnknown):
        codec(**options)


def test_only_built_in_codecs_exist() -> None:
    with pytest.raises(CodecUnknown):
        make_codec("os.system", {}, {}, INPUTS, OUTPUTS)
