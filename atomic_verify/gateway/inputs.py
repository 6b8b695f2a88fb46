"""From a request's items to the payload that is committed and served: pure but for reading uploaded blobs."""

import binascii
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Any

import numpy as np

from atomic_verify.commitments import Batch, CommitmentError, DType, TensorSpec, encode_item
from atomic_verify.commitments.tensors import Array, decode_tensor
from atomic_verify.gateway.errors import InputMismatch
from atomic_verify.gateway.schemas import ItemValue, JobRequest, TensorValue
from atomic_verify.models.errors import ModelError
from atomic_verify.models.library import InstalledModel

ReadBlob = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class PreparedItem:
    """What is remembered of one item beside its tensors. `digest` and `size` are those of its raw form."""

    digest: str
    size: int
    name: str | None


@dataclass(frozen=True, slots=True)
class PreparedInputs:
    """A request's whole input."""

    payload: bytes
    batch: Batch
    items: tuple[PreparedItem, ...]
    """Empty when the input came as one payload."""


def prepare_inputs(request: JobRequest, model: InstalledModel, read_blob: ReadBlob) -> PreparedInputs:
    """The payload of a request. Raises InputMismatch, ItemRefused and what `read_blob` raises."""
    specs = model.manifest.input_specs
    if request.input is not None:
        payload = read_blob(request.input.digest)
        return PreparedInputs(payload, _batch(specs, request.input.item_count, payload), ())
    parts, items = [], []
    for number, value in enumerate(request.items or ()):
        try:
            part, item = _prepare_item(value, model, specs, read_blob)
        except (InputMismatch, CommitmentError, ModelError) as error:
            raise InputMismatch(f"Item {number}: {error.message}", hint=error.hint, item=number) from error
        parts.append(part)
        items.append(item)
    payload = b"".join(parts)
    return PreparedInputs(payload, _batch(specs, len(items), payload), tuple(items))


def _prepare_item(
    value: ItemValue, model: InstalledModel, specs: Sequence[TensorSpec], read_blob: ReadBlob
) -> tuple[bytes, PreparedItem]:
    if value.tensors is not None:
        part = encode_item(specs, _arrays(value.tensors, specs))
        return part, PreparedItem(sha256(part).hexdigest(), len(part), value.name)
    raw = read_blob(value.digest) if value.digest is not None else _decode64(value.raw or "")
    part = encode_item(specs, model.encode(BytesIO(raw)))
    return part, PreparedItem(sha256(raw).hexdigest(), len(raw), value.name)


def _arrays(values: dict[str, TensorValue], specs: Sequence[TensorSpec]) -> dict[str, Array]:
    names = [spec.name for spec in specs]
    if sorted(values) != sorted(names):
        raise InputMismatch(f"The model's inputs are {', '.join(names)}.", given=sorted(values)[:16])
    return {spec.name: _array(values[spec.name], spec) for spec in specs}


def _array(value: TensorValue, spec: TensorSpec) -> Array:
    dtype = spec.dtype.name.lower()
    if value.datatype is not None and value.datatype.lower() != dtype:
        raise InputMismatch(f"{spec.name} is of dtype {dtype}, not {value.datatype[:40]}.", tensor=spec.name)
    if value.shape is not None and tuple(value.shape) != spec.shape:
        raise InputMismatch(f"{spec.name} has shape {list(spec.shape)}, not {value.shape[:16]}.", tensor=spec.name)
    if value.raw is not None:
        raw = _decode64(value.raw)
        if len(raw) != spec.nbytes:
            raise InputMismatch(f"{spec.name} has {spec.nbytes} bytes, not {len(raw)}.", tensor=spec.name)
        return decode_tensor(spec, raw)
    return _from_json(value.data, spec)


def _from_json(data: Any, spec: TensorSpec) -> Array:
    """Numbers of JSON as the signature's dtype, exactly: no fraction for integers, no overflow."""
    try:
        found = np.array(data)
    except (ValueError, OverflowError) as error:
        raise InputMismatch(f"{spec.name}: the data is ragged or no array.", tensor=spec.name) from error
    if found.size != spec.elements or (found.ndim > 1 and found.shape != spec.shape):
        raise InputMismatch(
            f"{spec.name} has shape {list(spec.shape)}, not {list(found.shape)[:16]}.", tensor=spec.name
        )
    if spec.dtype is DType.BOOL:
        fits = found.dtype.kind == "b"
    elif spec.dtype in (DType.FLOAT, DType.DOUBLE, DType.FLOAT16):
        fits = found.dtype.kind in "iuf"
    elif spec.dtype is DType.BFLOAT16:
        raise InputMismatch(f"{spec.name}: bfloat16 is sent as raw.", tensor=spec.name)
    else:
        info = np.iinfo(spec.dtype.numpy)
        fits = found.dtype.kind in "iu" and bool((found >= info.min).all() and (found <= info.max).all())
    if found.size and not fits:
        raise InputMismatch(f"{spec.name}: the data doesn't fit {spec.dtype.name.lower()}.", tensor=spec.name)
    return found.astype(spec.dtype.numpy).reshape(spec.shape)


def _batch(specs: Sequence[TensorSpec], count: int, payload: bytes) -> Batch:
    try:
        return Batch.from_payload(specs, count, payload)
    except CommitmentError as error:
        raise InputMismatch(f"The payload is not one of {count} items: {error.message}", hint=error.hint) from error


def _decode64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputMismatch("The bytes are not base64.") from error
