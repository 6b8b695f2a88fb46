"""Typed answers: made again from the tensors of a receipt, nobody's word is taken for it; and in short, for a table."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from atomic_verify.commitments.tensors import Array, TensorSpec, decode_tensor
from atomic_verify.models.library import InstalledModel
from atomic_verify.receipts.receipt import Receipt, Side


def answer_of(receipt: Receipt, model: InstalledModel) -> dict[str, Any] | None:
    """The answer that `model` makes of the receipt's tensors; None when they were too large to be in it.

    The receipt must have passed `verify_offline`, which checks the tensors' count, sizes and roots. Raises
    AnswerUndefined, AnswerInvalid, TensorMismatch.
    """
    inputs = _tensors(receipt.item.inputs, model.manifest.input_specs)
    outputs = _tensors(receipt.item.outputs, model.manifest.output_specs)
    return None if inputs is None or outputs is None else model.answer(inputs, outputs)


def _tensors(side: Side, specs: Sequence[TensorSpec]) -> dict[str, Array] | None:
    if side.tensors is None:
        return None
    return {spec.name: decode_tensor(spec, b64decode(text)) for spec, text in zip(specs, side.tensors, strict=True)}


def brief_answer(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an answer that fits a table: its class by name, if it has one, and the score; else all of it."""
    return {name: answer[name] for name in ("label", "class_label", "score") if name in answer} or dict(answer)
