"""Codec of Google's file-type model: file bytes -> int32[1,2048] -> label, group, MIME type.

*Token*: a byte, or the padding token 256. The tensor is 1,024 tokens of the file's head and 1,024 of its tail. Head:
the first 4,096 bytes without leading white space, cut to 1,024 and padded behind. Tail: the last 4,096 bytes without
trailing white space, cut to the last 1,024 and padded in front. Only these two blocks are ever read.

A file with fewer than 8 tokens in its head is *tiny*: the model isn't asked. It is `txt` if those few bytes are UTF-8,
else `unknown`, and `empty` if the file has none. White space is ASCII, hence UTF-8, so dropping it changes nothing.
A file that begins with a block of white space alone would look like an empty one; its head keeps the first byte.
So the answer follows from the committed tensors alone: the raw file isn't needed to recompute it.

For any other file the model's best label (the first of equals) is mapped by the overwrite map, and kept if its score
reaches the label's threshold; below that the answer is the generic `txt` or `unknown`. Where the model stops before its
softmax, so that a circuit can prove what it gives, the softmax is taken here, in float64.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from atomic_verify.commitments import Signature
from atomic_verify.commitments.tensors import Array
from atomic_verify.models.codecs.base import Answer, Tensors
from atomic_verify.models.errors import AnswerUndefined, CodecUnknown, ItemRefused

UNDEFINED, EMPTY, TEXT, UNKNOWN = "undefined", "empty", "txt", "unknown"
MODES = ("high-confidence", "medium-confidence", "best-guess")
_BOOLS = (False, True)
CONFIG_TABLE, TYPES_TABLE = "config.min.json", "content_types_kb.min.json"


@dataclass(frozen=True, slots=True)
class ContentType:
    """What is known of one label."""

    label: str
    mime_type: str
    group: str
    description: str
    is_text: bool
    extensions: tuple[str, ...]

    @classmethod
    def from_table(cls, label: str, entry: Mapping[str, Any]) -> "ContentType":
        """An entry of the label table; what it leaves null has a general value."""
        is_text = bool(entry["is_text"])
        return cls(
            label=label,
            mime_type=entry["mime_type"] or ("text/plain" if is_text else "application/octet-stream"),
            group=entry["group"] or "unknown",
            description=entry["description"] or label,
            is_text=is_text,
            extensions=tuple(entry["extensions"]),
        )


@dataclass(frozen=True, slots=True)
class Config:
    """The model's own numbers. Sizes are in bytes, thresholds are scores in 0..1."""

    head_size: int
    tail_size: int
    block_size: int
    padding: int
    tiny_below: int
    labels: tuple[str, ...]
    threshold: float
    """For labels that `thresholds` doesn't name."""
    thresholds: Mapping[str, float]
    overwrite: Mapping[str, str]

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> "Config":
        if table["mid_size"] or table["use_inputs_at_offsets"]:
            raise CodecUnknown("this codec reads a file's head and tail only; the model wants other parts too")
        return cls(
            head_size=table["beg_size"],
            tail_size=table["end_size"],
            block_size=table["block_size"],
            padding=table["padding_token"],
            tiny_below=table["min_file_size_for_dl"],
            labels=tuple(table["target_labels_space"]),
            threshold=table["medium_confidence_threshold"],
            thresholds=table["thresholds"],
            overwrite=table["overwrite_map"],
        )


class MagikaCodec:
    """Options `prediction_mode` (high-confidence, which is the default, medium-confidence or best-guess) and `logits`.

    With `logits` the last output holds the scores before the softmax, and features may come before it.
    """

    __slots__ = ("_config", "_input", "_is_logits", "_mode", "_output", "_types")

    def __init__(
        self, options: Mapping[str, Any], tables: Mapping[str, bytes], inputs: Signature, outputs: Signature
    ) -> None:
        self._mode = options.get("prediction_mode", MODES[0])
        self._is_logits = options.get("logits", False)
        if options.keys() - {"prediction_mode", "logits"} or self._mode not in MODES or self._is_logits not in _BOOLS:
            raise CodecUnknown("the magika codec doesn't know this option", options=sorted(options)[:8])
        try:
            self._config = Config.from_table(json.loads(tables[CONFIG_TABLE]))
            entries = json.loads(tables[TYPES_TABLE])
            self._types = {label: ContentType.from_table(label, entry) for label, entry in entries.items()}
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise CodecUnknown("the magika codec's tables are missing or malformed", reason=str(error)[:200]) from error
        self._require_signature(inputs, outputs)
        self._input, self._output = inputs.specs[0].name, outputs.specs[-1].name

    def _require_signature(self, inputs: Signature, outputs: Signature) -> None:
        tokens = self._config.head_size + self._config.tail_size
        shapes = [spec.shape for spec in (*inputs.specs, *outputs.specs)]
        fits = len(inputs.specs) == 1 and len(outputs.specs) in ((1, 2) if self._is_logits else (1,))
        if not fits or (shapes[0], shapes[-1]) != ((1, tokens), (1, len(self._config.labels))):
            raise CodecUnknown("the magika codec doesn't fit the model's signature", shapes=[list(s) for s in shapes])
        wanted = {*self._config.labels, *self._config.overwrite.values(), UNDEFINED, EMPTY, TEXT, UNKNOWN}
        if wanted - self._types.keys():
            raise CodecUnknown("a label isn't in the label table", labels=sorted(wanted - self._types.keys())[:8])

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label that an answer may have, sorted."""
        config = self._config
        return tuple(sorted({config.overwrite.get(name, name) for name in config.labels} | {EMPTY, TEXT, UNKNOWN}))

    @property
    def groups(self) -> tuple[str, ...]:
        """Every group that an answer may have, sorted."""
        return tuple(sorted({self._types[label].group for label in self.labels}))

    def encode(self, raw: BinaryIO) -> dict[str, Array]:
        """Tokens int32[1,2048] of a file; reads at most its first and last block. Raises ItemRefused."""
        config = self._config
        try:
            size = raw.seek(0, 2)
            length = min(size, config.block_size)
            raw.seek(0)
            first = raw.read(length)
            raw.seek(size - length)
            last = raw.read(length)
        except OSError as error:
            raise ItemRefused("the file can't be read", reason=str(error)) from error
        if len(first) != length or len(last) != length:
            raise ItemRefused("the file changed while it was read", size=size)
        # A leading block of white space keeps one byte, so that it isn't taken for an empty file.
        head = (first.lstrip() or first[:1])[: config.head_size]
        tail = last.rstrip()[-config.tail_size :]
        tokens = np.full((1, config.head_size + config.tail_size), config.padding, dtype=np.int32)
        tokens[0, : len(head)] = np.frombuffer(head, dtype=np.uint8)
        tokens[0, tokens.shape[1] - len(tail) :] = np.frombuffer(tail, dtype=np.uint8)
        return {self._input: tokens}

    def decode(self, inputs: Tensors, outputs: Tensors) -> Answer:
        """Label, score and what is known of the label. Raises AnswerUndefined for tokens or scores out of range."""
        config = self._config
        tokens, scores = inputs[self._input][0], outputs[self._output][0]
        if ((tokens < 0) | (tokens > config.padding)).any():
            raise AnswerUndefined("the input holds a token that no file has", hint="submit files, or tokens 0 to 256")
        start = tokens[: config.tiny_below]
        if start[-1] == config.padding:
            padding = int(np.argmax(start == config.padding))
            return self._answer(_tiny_label(start[:padding]), 1.0, UNDEFINED, "none")
        if not np.isfinite(scores).all():
            raise AnswerUndefined("the model's scores aren't all finite", hint="read the output tensors instead")
        best = int(np.argmax(scores))
        if self._is_logits:
            scores = _softmax(scores)
        raw_label, score = config.labels[best], float(scores[best])
        label, reason = self._judge(raw_label, score)
        return self._answer(label, score, raw_label, reason)

    def _judge(self, raw_label: str, score: float) -> tuple[str, str]:
        """The answer's label, and why it isn't the model's: none, overwrite_map or low_confidence."""
        config = self._config
        label = config.overwrite.get(raw_label, raw_label)
        threshold = {
            "high-confidence": config.thresholds.get(raw_label, config.threshold),
            "medium-confidence": config.threshold,
            "best-guess": -np.inf,
        }[self._mode]
        if score >= threshold:
            return label, "none" if label == raw_label else "overwrite_map"
        generic = TEXT if self._types[label].is_text else UNKNOWN
        return generic, "none" if generic == raw_label else "low_confidence"

    def _answer(self, label: str, score: float, raw_label: str, reason: str) -> Answer:
        known = self._types[label]
        return {
            "label": label,
            "score": score,
            "group": known.group,
            "mime_type": known.mime_type,
            "description": known.description,
            "is_text": known.is_text,
            "extensions": list(known.extensions),
            "overwrite_reason": reason,
            "dl_label": raw_label,
        }


def _softmax(logits: Array) -> Array:
    """Shares of 1, float64."""
    powers = np.exp(logits.astype(np.float64) - np.max(logits).astype(np.float64))
    return np.asarray(powers / powers.sum())


def _tiny_label(tokens: Array) -> str:
    content = tokens.astype(np.uint8).tobytes()
    if not content:
        return EMPTY
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return UNKNOWN
    return TEXT
