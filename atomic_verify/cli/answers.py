"""The typed answer of a receipt, made again from the tensors in it: nobody's word is taken for it."""

from base64 import b64decode
from collections.abc import Sequence
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
