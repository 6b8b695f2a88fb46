"""The codecs against slow definitions, on anything that a requester may submit."""

import io
import json
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from atomic_verify.commitments import DType, encode_item
from atomic_verify.models.codecs.magika import MagikaCodec
from atomic_verify.models.codecs.tensors import TensorsCodec
from tests.support.onnx_graphs import signature
from tests.unit.models.test_codec_magika import BLOCK, CONFIG, INPUTS, LABELS, TYPES, codec

HEAD, PADDING = 16, 256
WHITE = b" \t\n\r\x0b\x0c"

FILES = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from([b" ", b"\n", b"a", b"\xc3\xa9", b"\xff", b" " * 30]), max_size=40).map(b"".join),
)


def slow_tokens(content: bytes) -> list[int]:
    """Head and tail byte by byte, as the codec's docstring tells them."""
    head = list(content[:BLOCK])
    while head and head[0] in WHITE:
        head.pop(0)
    if not head:
        head = list(content[:1])
    tail = list(content[-BLOCK:])
    while tail and tail[-1] in WHITE:
        tail.pop()
    head, tail = head[:HEAD], tail[-HEAD:]
    return [*head, *[PADDING] * (HEAD - len(head)), *[PADDING] * (HEAD - len(tail)), *tail]


def slow_tiny_label(content: bytes) -> str | None:
    """What the package decides from the file's bytes, without our tensor; None if it asks the model."""
    if not content:
        return "empty"
    stripped = content[:BLOCK].lstrip()
    if len(content) >= 8 and len(stripped) >= 8:
        return None
    try:
        content[:BLOCK].decode()
    except UnicodeDecodeError:
        return "unknown"
    return "txt"


@given(FILES)
def test_tokens_are_the_heads_and_the_tails(content: bytes) -> None:
    assert codec().encode(io.BytesIO(content))["bytes"][0].tolist() == slow_tokens(content)


@given(FILES)
def test_the_committed_tensor_is_enough_to_answer_a_tiny_file(content: bytes) -> None:
    inputs = codec().encode(io.BytesIO(content))
    answer = codec().decode(inputs, {"scores": np.full((1, len(LABELS)), 0.9, np.float32)})
    label = slow_tiny_label(content)
    assert (answer["label"], answer["dl_label"]) == (("python", "python") if label is None else (label, "undefined"))


def test_labels_are_those_that_an_answer_may_have() -> None:
    tables = {"config.min.json": json.dumps(CONFIG).encode(), "content_types_kb.min.json": json.dumps(TYPES).encode()}
    outputs = signature(("scores", DType.FLOAT, (1, len(LABELS))))
    assert set(MagikaCodec({}, tables, INPUTS, outputs).labels) == {
        "python",
        "png",
        "markdown",
        "txt",
        "unknown",
        "empty",
    }


@given(
    st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=2, max_size=2),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=3, max_size=3),
    st.booleans(),
)
def test_tensors_given_as_json_are_the_tensors_given_as_bytes(
    floats: Sequence[float], integers: Sequence[int], flag: bool
) -> None:
    inputs = signature(("a", DType.FLOAT, (1, 2)), ("b", DType.INT64, (3,)), ("c", DType.BOOL, ()))
    arrays = {"a": np.array([floats], "<f4"), "b": np.array(integers, "<i8"), "c": np.array(flag)}
    text = json.dumps({"a": [list(floats)], "b": list(integers), "c": flag}).encode()
    made = TensorsCodec({}, {}, inputs, signature(("y", DType.FLOAT, (1,)))).encode(io.BytesIO(text))
    assert encode_item(inputs.specs, made) == encode_item(inputs.specs, arrays)
