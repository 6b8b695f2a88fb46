"""The file-type codec on small tables of its own: tokens, tiny files, thresholds, the overwrite map."""

import io
import json
from typing import Any

import numpy as np
import pytest

from atomic_verify.commitments import DType
from atomic_verify.models.codecs.magika import MagikaCodec
from atomic_verify.models.errors import AnswerUndefined, CodecUnknown, ItemRefused
from tests.support.onnx_graphs import signature

LABELS = ["python", "png", "markdown", "randomtxt", "randombytes"]
BLOCK = 64
CONFIG = {
    "beg_size": 16,
    "mid_size": 0,
    "end_size": 16,
    "use_inputs_at_offsets": False,
    "block_size": BLOCK,
    "padding_token": 256,
    "min_file_size_for_dl": 8,
    "target_labels_space": LABELS,
    "medium_confidence_threshold": 0.5,
    "thresholds": {"markdown": 0.75},
    "overwrite_map": {"randomtxt": "txt", "randombytes": "unknown"},
}
TYPES: dict[str, dict[str, Any]] = {
    label: {"mime_type": None, "group": None, "description": None, "is_text": is_text, "extensions": [label]}
    for label, is_text in [
        ("python", True), ("png", False), ("markdown", True), ("randomtxt", True), ("randombytes", False),
        ("txt", True), ("unknown", False), ("empty", False), ("undefined", False),
    ]
}  # fmt: skip
TYPES["png"] |= {"mime_type": "image/png", "group": "image", "description": "PNG image"}
INPUTS = signature(("bytes", DType.INT32, (1, 32)))
OUTPUTS = signature(("scores", DType.FLOAT, (1, 5)))


FEATURES = ("features", DType.FLOAT, (1, 7))
LOGITS = signature(FEATURES, ("scores", DType.FLOAT, (1, 5)))


def codec(mode: str | None = None, **changes) -> MagikaCodec:
    tables = {
        "config.min.json": json.dumps(CONFIG | changes).encode(),
        "content_types_kb.min.json": json.dumps(TYPES).encode(),
    }
    return MagikaCodec({"prediction_mode": mode} if mode else {}, tables, INPUTS, OUTPUTS)


def tokens(content: bytes) -> list[int]:
    found = codec().encode(io.BytesIO(content))["bytes"]
    assert found.dtype == np.dtype("<i4")
    assert found.shape == (1, 32)
    return [int(token) for token in found[0]]


def answer(content: bytes, label: str = "python", score: float = 0.9, mode: str | None = None) -> dict:
    scores = np.zeros((1, 5), np.float32)
    scores[0, LABELS.index(label)] = score
    chosen = codec(mode)
    return chosen.decode(chosen.encode(io.BytesIO(content)), {"scores": scores})


FILE = b"print('hello, world')\n"


def test_head_and_tail_are_stripped_cut_and_padded() -> None:
    assert tokens(b" \t\nabcdefghi\r\x0b\x0c") == [
        *b"abcdefghi\r\x0b\x0c", 256, 256, 256, 256,
        256, 256, 256, 256, *b" \t\nabcdefghi",
    ]  # fmt: skip
    long = bytes(range(1, 9)) + bytes(range(65, 91)) * 4
    assert tokens(long) == [*b"\x01\x02\x03\x04\x05\x06\x07\x08ABCDEFGH", *long[-16:]]


def test_only_the_first_and_last_block_are_read() -> None:
    class Counting(io.BytesIO):
        total = 0

        def read(self, size=-1):
            data = super().read(size)
            self.total += len(data)
            return data

    stream = Counting(b"head" * 16 + bytes(10_000_000) + b"tail" * 16)
    found = codec().encode(stream)["bytes"][0].tolist()
    assert found == [*b"head" * 4, *b"tail" * 4]
    assert stream.total == 2 * BLOCK


@pytest.mark.parametrize(
    ("content", "label"),
    [
        (b"", "empty"),
        (b" ", "txt"),
        (b" \n\t\r\x0b\x0c", "txt"),
        (b" " * 63, "txt"),
        (b" " * 64, "txt"),
        (b" " * 64 + b"and then far more than eight bytes", "txt"),
        (b"a", "txt"),
        (b"1234567", "txt"),
        (b"      1234567", "txt"),
        ("aé€".encode(), "txt"),
        ("aé€".encode()[:-1], "unknown"),
        (b"\xff", "unknown"),
        (b" " * 20 + b"\xff\xfe", "unknown"),
        (b"\x00\x00\x00", "txt"),
    ],
)
def test_tiny_files_are_decided_without_the_model(content: bytes, label: str) -> None:
    found = answer(content, "png", 1.0)
    assert (found["label"], found["dl_label"], found["score"], found["overwrite_reason"]) == (
        label, "undefined", 1.0, "none",
    )  # fmt: skip


def test_eight_bytes_and_a_short_word_with_trailing_space_ask_the_model() -> None:
    for content in (b"12345678", b"a       ", b"\xff" * 8):
        assert answer(content)["dl_label"] == "python"


@pytest.mark.parametrize(
    ("label", "score", "mode", "expected", "reason"),
    [
        ("python", 0.5, None, "python", "none"),
        ("python", 0.49, None, "txt", "low_confidence"),
        ("png", 0.49, None, "unknown", "low_confidence"),
        ("markdown", 0.74, None, "txt", "low_confidence"),
        ("markdown", 0.75, None, "markdown", "none"),
        ("markdown", 0.74, "medium-confidence", "markdown", "none"),
        ("markdown", 0.49, "medium-confidence", "txt", "low_confidence"),
        ("png", 0.01, "best-guess", "png", "none"),
        ("randomtxt", 0.9, None, "txt", "overwrite_map"),
        ("randombytes", 0.9, None, "unknown", "overwrite_map"),
        ("randombytes", 0.1, None, "unknown", "low_confidence"),
        ("randomtxt", 0.1, "best-guess", "txt", "overwrite_map"),
    ],
)
def test_thresholds_and_the_overwrite_map(label, score, mode, expected, reason) -> None:
    found = answer(FILE, label, score, mode)
    assert (found["label"], found["overwrite_reason"], found["dl_label"]) == (expected, reason, label)
    assert found["score"] == float(np.float32(score))


def test_the_first_of_equal_scores_wins() -> None:
    inputs = codec().encode(io.BytesIO(FILE))
    assert codec().decode(inputs, {"scores": np.full((1, 5), 0.6, np.float32)})["label"] == "python"


def test_what_the_label_table_leaves_out_has_a_general_value() -> None:
    assert answer(FILE) == {
        "label": "python", "score": float(np.float32(0.9)), "group": "unknown", "mime_type": "text/plain",
        "description": "python", "is_text": True, "extensions": ["python"], "overwrite_reason": "none",
        "dl_label": "python",
    }  # fmt: skip
    png = answer(FILE, "png")
    assert (png["mime_type"], png["group"], png["description"]) == ("image/png", "image", "PNG image")


@pytest.mark.parametrize("token", [-1, 257, 2**31 - 1])
def test_tokens_that_no_file_has_are_refused(token: int) -> None:
    inputs = codec().encode(io.BytesIO(FILE))
    inputs["bytes"][0, 20] = token
    with pytest.raises(AnswerUndefined):
        codec().decode(inputs, {"scores": np.full((1, 5), 0.6, np.float32)})


@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_have_no_answer(score: float) -> None:
    scores = np.full((1, 5), 0.1, np.float32)
    scores[0, 3] = score
    with pytest.raises(AnswerUndefined):
        codec().decode(codec().encode(io.BytesIO(FILE)), {"scores": scores})


def test_a_tiny_files_answer_does_not_depend_on_the_scores() -> None:
    inputs = codec().encode(io.BytesIO(b"hi"))
    assert codec().decode(inputs, {"scores": np.full((1, 5), np.nan, np.float32)})["label"] == "txt"


def test_a_stream_that_fails_or_shrinks_is_refused() -> None:
    class Failing(io.BytesIO):
        def read(self, size=-1):
            raise OSError("gone")

    class Shrinking(io.BytesIO):
        def read(self, size=-1):
            return super().read(3)

    for stream in (Failing(FILE), Shrinking(FILE)):
        with pytest.raises(ItemRefused):
            codec().encode(stream)


@pytest.mark.parametrize(
    "changes",
    [
        {"mid_size": 16},
        {"use_inputs_at_offsets": True},
        {"beg_size": 17},
        {"target_labels_space": ["python"]},
        {"target_labels_space": [*LABELS[:-1], "nobody-knows-it"]},
        {"block_size": None, "target_labels_space": None},
    ],
)
def test_tables_that_do_not_fit_are_refused(changes: dict) -> None:
    with pytest.raises(CodecUnknown):
        codec(**changes)


def test_unknown_options_and_missing_tables_are_refused() -> None:
    with pytest.raises(CodecUnknown):
        codec("certain")
    with pytest.raises(CodecUnknown):
        MagikaCodec({}, {}, INPUTS, OUTPUTS)
    with pytest.raises(CodecUnknown):
        MagikaCodec({"typo": 1}, {}, INPUTS, OUTPUTS)


def with_logits(options: dict, outputs=LOGITS, inputs=INPUTS) -> MagikaCodec:
    tables = {
        "config.min.json": json.dumps(CONFIG).encode(),
        "content_types_kb.min.json": json.dumps(TYPES).encode(),
    }
    return MagikaCodec(options, tables, inputs, outputs)


@pytest.mark.parametrize("shift", [0, 30, -1000])
@pytest.mark.parametrize(("label", "score"), [("python", 0.9), ("python", 0.49), ("markdown", 0.74), ("png", 0.51)])
def test_logits_make_the_same_answer_as_their_softmax(label: str, score: float, shift: float) -> None:
    shares = np.full(5, (1 - score) / 4)
    shares[LABELS.index(label)] = score
    chosen = with_logits({"logits": True})
    inputs = chosen.encode(io.BytesIO(FILE))
    outputs = {"features": np.full((1, 7), np.nan, np.float32), "scores": (np.log(shares) + shift)[None]}
    found, plain = chosen.decode(inputs, outputs), codec().decode(inputs, {"scores": shares[None]})
    assert found.pop("score") == pytest.approx(plain.pop("score"), rel=1e-12)
    assert found == plain


def test_logits_far_apart_or_equal_are_no_trouble() -> None:
    chosen = with_logits({"logits": True}, OUTPUTS)
    inputs = chosen.encode(io.BytesIO(FILE))
    far = np.array([[3e38, -3e38, 0, 0, 0]], np.float32)
    assert chosen.decode(inputs, {"scores": far})["score"] == 1.0
    same = chosen.decode(inputs, {"scores": np.zeros((1, 5), np.float32)})
    assert (same["score"], same["dl_label"], same["overwrite_reason"]) == (0.2, "python", "low_confidence")
    with pytest.raises(AnswerUndefined):
        chosen.decode(inputs, {"scores": np.full((1, 5), np.inf, np.float32)})


@pytest.mark.parametrize(
    ("options", "outputs"),
    [
        ({}, LOGITS),
        ({"logits": False}, LOGITS),
        ({"logits": 2}, LOGITS),
        ({"logits": "yes"}, LOGITS),
        ({"logits": True}, signature(FEATURES)),
        ({"logits": True}, signature(("scores", DType.FLOAT, (1, 5)), FEATURES)),
        ({"logits": True}, signature(FEATURES, ("more", DType.FLOAT, (1, 7)), ("scores", DType.FLOAT, (1, 5)))),
    ],
)
def test_other_outputs_do_not_fit_logits(options: dict, outputs) -> None:
    with pytest.raises(CodecUnknown):
        with_logits(options, outputs)
