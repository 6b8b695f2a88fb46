"""What a model's file says of its critical part: which bytes it is, and what it may be given.

Life cycle: derived beside the program, behind walls where the file is a stranger's, and compared with what a manifest
says. Whoever holds a network of these bytes knows that it is the model's own part, and that it is made of layers.
"""

import math
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from onnx import ModelProto

from atomic_verify.canonical.program import LARGEST, Program
from atomic_verify.commitments import DType, Signature
from atomic_verify.models.critical.cutting import critical_part, ends_of, model_bytes
from atomic_verify.models.critical.intervals import intervals_of
from atomic_verify.models.critical.network import layers_of
from atomic_verify.models.critical.normed import constants_added
from atomic_verify.models.errors import NetworkUnsupported


@dataclass(frozen=True, slots=True)
class Part:
    """A critical part that consists of layers."""

    sha256: str
    """Of the network, as `cutting` makes it."""
    largest: float | None
    """Of a head: no feature of the canonical program is larger, whatever the item. A whole model reads what it gets."""
    norm: float | None
    """Of a head: the largest 2-norm of all features together."""

    def to_json(self) -> dict[str, Any]:
        return {"sha256": self.sha256, "largest": self.largest, "norm": self.norm}

    @classmethod
    def from_json(cls, found: Any) -> "Part":
        """Raises ValueError, KeyError or TypeError for anything else than what `to_json` makes."""
        digest, largest, norm = found["sha256"], found["largest"], found["norm"]
        sizes = [one for one in (largest, norm) if one is not None]
        if not isinstance(digest, str) or len(sizes) == 1 or not all(isinstance(one, float) for one in sizes):
            raise ValueError("not a critical part")
        return cls(digest[:64], largest, norm)


def derive_part(model: ModelProto, program: Program, inputs: Signature, outputs: Signature) -> Part | None:
    """The critical part of a model, if by its signature it has one and that consists of layers."""
    ends = ends_of(inputs, outputs)
    if ends is None or any(one.dtype is not DType.FLOAT for one in ends):
        return None
    try:
        network = critical_part(model, inputs, outputs)
        layers_of(network)
    except (ValueError, NetworkUnsupported):
        return None
    digest = sha256(model_bytes(network)).hexdigest()
    if len(outputs.specs) == 1:
        return Part(digest, None, None)
    return Part(digest, *feature_range(program, program.outputs[0].step))


def feature_range(program: Program, number: int) -> tuple[float, float]:
    """Of a step's tensor: the largest absolute element and the largest 2-norm that it can have, whatever the item."""
    intervals, normed = intervals_of(program)
    low, high = intervals[number]
    largest = max(abs(low), abs(high))
    norm = min(largest * math.sqrt(program.steps[number].elements), LARGEST)
    added = constants_added(program, number)
    if added is None or added[0].number not in normed:
        return largest, norm
    # Behind a layer norm with scale and bias: element by element, and both norms together.
    found, constants = normed[added[0].number], added[1]
    sizes = found.sizes[added[0].at] + np.abs(constants)
    is_each_once = np.unique(added[0].at).size == added[0].at.size
    together = found.norm + float(np.linalg.norm(constants)) if is_each_once else norm
    return min(largest, float(np.max(sizes))), min(norm, together)
