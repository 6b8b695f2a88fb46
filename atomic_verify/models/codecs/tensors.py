"""Codec of models without one of their own: items are tensors, answers are tensors or a class.

Raw item: the item's payload bytes, or a JSON object of nested lists by tensor name. Answer without options: every
output tensor as element type, shape and flat data (or its sha256, beyond 4,096 elements). Option `scores` names an
output whose largest element is the class: the answer is then class index, score and all scores; option `labels`
names the classes. JSON has no NaN or infinity: those are the strings "NaN", "Infinity" and "-Infinity".
"""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from atomic_verify.commitments import (
    CommitmentError,
    DType,
    Signature,
    TensorSpec,
    decode_item,
    encode_item,
    encode_tensor,
)
from atomic_verify.commitments.tensors import Array
from atomic_verify.models.codecs.base import Answer, Tensors
from atomic_verify.models.errors import AnswerUndefined, CodecUnknown, ItemRefused

MAX_LISTED = 4096
"""Elements that an answer lists; of a larger tensor it gives the digest."""

JSON_BYTES_PER_ELEMENT = 64
JSON_BYTES_EXTRA = 4096

FLOATS = frozenset({DType.FLOAT, DType.FLOAT16, DType.BFLOAT16, DType.DOUBLE})


class TensorsCodec:
    """Options `scores` (an output's name) and `labels` (as many names as it has elements)."""

    __slots__ = ("_inputs", "_labels", "_outputs", "_scores")

    def __init__(
        self, options: Mapping[str, Any], tables: Mapping[str, bytes], inputs: Signature, outputs: Signature
    ) -> None:
        self._inputs, self._outputs = inputs, outputs
        self._scores: str | None = options.get("scores")
        self._labels = tuple(options.get("labels", ()))
        if options.keys() - {"scores", "labels"}:
            raise CodecUnknown("the tensors codec doesn't know this option", options=sorted(options)[:8])
        elements = {spec.name: spec.elements for spec in outputs.specs}
        if self._scores is not None and not elements.get(self._scores):
            raise CodecUnknown("option `scores` names no output with elements")
        if self._labels and (self._scores is None or len(self._labels) != elements[self._scores]):
            raise CodecUnknown("option `labels` doesn't have one label for each score", labels=len(self._labels))

    def encode(self, raw: BinaryIO) -> dict[str, Array]:
        """Tensors of payload bytes or of a JSON object. Raises ItemRefused."""
        size = self._inputs.nbytes
        most = max(size, JSON_BYTES_EXTRA + JSON_BYTES_PER_ELEMENT * sum(s.elements for s in self._inputs.specs))
        content = raw.read(most + 1)
        try:
            if len(content) == size:
                return decode_item(self._inputs.specs, content)
            if len(content) > most or not content.lstrip().startswith(b"{"):
                raise ItemRefused(
                    f"the item is neither {size} bytes of tensors nor a JSON object of tensors", bytes=len(content)
                )
            arrays = self._from_json(json.loads(content))
            encode_item(self._inputs.specs, arrays)
        except CommitmentError as error:
            raise ItemRefused(error.message, reason=error.code) from error
        except (ValueError, RecursionError) as error:
            raise ItemRefused("the item's JSON is malformed", reason=str(error)[:200]) from error
        return arrays

    def _from_json(self, values: Mapping[str, Any]) -> dict[str, Array]:
        names = {spec.name for spec in self._inputs.specs}
        if names != values.keys():
            raise ItemRefused(f"the item has tensors {sorted(values)[:8]}, the model wants {sorted(names)}")
        return {spec.name: _from_list(spec, values[spec.name]) for spec in self._inputs.specs}

    def decode(self, inputs: Tensors, outputs: Tensors) -> Answer:
        """The class, or all outputs. Raises AnswerUndefined if a score isn't finite."""
        if self._scores is None:
            return {"tensors": {spec.name: _listed(spec, outputs[spec.name]) for spec in self._outputs.specs}}
        scores = outputs[self._scores].reshape(-1).astype(np.float64)
        if not np.isfinite(scores).all():
            raise AnswerUndefined("the model's scores aren't all finite", hint="read the output tensors instead")
        best = int(np.argmax(scores))
        answer: Answer = {"class_index": best, "score": float(scores[best]), "scores": scores.tolist()}
        if self._labels:
            answer["class_label"] = self._labels[best]
        return answer


def _from_list(spec: TensorSpec, values: Any) -> Array:
    """An array of nested JSON lists; int and bool elements must be just that."""
    found = np.asarray(values)
    wanted = "b" if spec.dtype is DType.BOOL else "iuf" if spec.dtype in FLOATS else "iu"
    if found.dtype.kind not in wanted or found.shape != spec.shape:
        raise ItemRefused(
            f"tensor {spec.name!r} isn't {spec.dtype.name.lower()} of shape {list(spec.shape)}", shape=list(found.shape)
        )
    if spec.dtype in FLOATS or spec.dtype is DType.BOOL:
        return found.astype(spec.dtype.numpy)
    bounds = np.iinfo(spec.dtype.numpy)
    if found.size and (int(found.min()) < bounds.min or int(found.max()) > bounds.max):
        raise ItemRefused(f"an element of tensor {spec.name!r} is out of its type's range", name=spec.name)
    return found.astype(spec.dtype.numpy)


def _listed(spec: TensorSpec, array: Array) -> dict[str, Any]:
    shown: dict[str, Any] = {"dtype": spec.dtype.name.lower(), "shape": list(spec.shape)}
    if spec.elements > MAX_LISTED:
        return shown | {"sha256": hashlib.sha256(encode_tensor(spec, array)).hexdigest()}
    flat = array.reshape(-1)
    plain = flat.astype(np.float64).tolist() if spec.dtype in FLOATS else flat.tolist()
    return shown | {"data": [_json_number(value) for value in plain]}


def _json_number(value: float | int | bool) -> float | int | bool | str:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
