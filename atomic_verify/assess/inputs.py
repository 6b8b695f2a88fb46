"""Makes valid inputs for a model that nobody has described: indices inside what they index, masks not all false.

Where an integer input ends up is followed through the graph: through nodes that keep its values, up to a Gather or
OneHot, whose axis or depth bounds it, or a comparison with all values that there are. An integer that bounds nothing is
taken for a mask: ones, and a few zeros. *Range*: the smallest and the largest element that an input may have; the
manifest's, or what was found out here.
"""

from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import numpy_helper

from atomic_verify.canonical.program import FLOATS
from atomic_verify.commitments import DType, TensorSpec
from atomic_verify.commitments.tensors import Array

KEEPS_VALUES = frozenset(
    {"Cast", "Identity", "Reshape", "Unsqueeze", "Squeeze", "Transpose", "Slice", "Flatten", "Expand", "Tile", "Split"}
)
INDEXING = {"Gather": 1, "GatherElements": 1, "OneHot": 0, "GatherND": 1}
"""Operators that index, and which of their inputs is the index."""
MASKED_SHARE = 0.1
Range = tuple[float, float]
USUAL_RANGE: Range = (-100.0, 100.0)
"""Of floats whose range nobody declared."""
MASK: Range = (0.0, 1.0)
WIDE = 20.0
"""Floats of a wider range around zero are drawn as normal numbers, of a narrower one evenly."""


def ranges_of(
    model: onnx.ModelProto, specs: Sequence[TensorSpec], declared: Mapping[str, Range] | None = None
) -> dict[str, Range]:
    """The range of each input, by name."""
    bounds, known = index_bounds(model), declared or {}
    return {spec.name: known.get(spec.name) or _range(spec, bounds.get(spec.name)) for spec in specs}


def make_item(
    model: onnx.ModelProto,
    specs: Sequence[TensorSpec],
    rng: np.random.Generator,
    declared: Mapping[str, Range] | None = None,
) -> dict[str, Array]:
    """One random, usual item of the model's signature."""
    ranges = ranges_of(model, specs, declared)
    return {spec.name: _tensor(spec, ranges[spec.name], rng) for spec in specs}


def index_bounds(model: onnx.ModelProto) -> dict[str, int]:
    """The smallest size that each input indexes, by name; inputs that index nothing known are left out."""
    graph = model.graph
    sizes = {one.name: tuple(one.dims) for one in graph.initializer}
    constants = {one.name: one for one in graph.initializer}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    found: dict[str, int] = {}
    for item in graph.input:
        seen, waiting = {item.name}, deque([item.name])
        while waiting:
            name = waiting.popleft()
            for node in readers.get(name, ()):
                size = _indexed(node, name, sizes, constants)
                if size is not None:
                    found[item.name] = min(found.get(item.name, size), size)
                if node.op_type in KEEPS_VALUES and node.input[0] == name:
                    waiting.extend(out for out in node.output if out not in seen)
                    seen.update(node.output)
    return found


def _indexed(
    node: onnx.NodeProto, name: str, sizes: Mapping[str, tuple[int, ...]], constants: Mapping[str, onnx.TensorProto]
) -> int | None:
    """How much there is to index, if `name` is this node's index."""
    if node.op_type == "Equal":
        return _compared(node, name, constants)
    place = INDEXING.get(node.op_type)
    if place is None or len(node.input) <= place or node.input[place] != name:
        return None
    if node.op_type == "OneHot":
        depth = constants.get(node.input[1])
        return None if depth is None else int(numpy_helper.to_array(depth).reshape(-1)[0])
    shape = sizes.get(node.input[0])
    if not shape:
        return None
    axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)
    return int(shape[axis])


def _compared(node: onnx.NodeProto, name: str, constants: Mapping[str, onnx.TensorProto]) -> int | None:
    """How many values there are, if `name` is compared with all of them: a one-hot encoding written out."""
    other = constants.get(node.input[1] if node.input[0] == name else node.input[0])
    if other is None:
        return None
    values = numpy_helper.to_array(other)
    return int(values.max()) + 1 if values.dtype.kind in "iu" and values.size > 1 else None


def _range(spec: TensorSpec, bound: int | None) -> Range:
    if spec.dtype in FLOATS:
        return USUAL_RANGE
    if bound is not None:
        return (0.0, float(max(1, min(bound, int(np.iinfo(spec.dtype.numpy).max) + 1)) - 1))
    if spec.dtype in (DType.UINT8, DType.INT8):
        limits = np.iinfo(spec.dtype.numpy)
        return (float(limits.min), float(limits.max))
    return MASK


def _tensor(spec: TensorSpec, limits: Range, rng: np.random.Generator) -> Array:
    low, high = limits
    if spec.dtype in FLOATS:
        is_wide = high - low > WIDE and low < 0 < high
        values = rng.standard_normal(spec.shape).clip(low, high) if is_wide else rng.uniform(low, high, spec.shape)
        return np.asarray(values).astype(spec.dtype.numpy)
    if limits != MASK:
        return rng.integers(int(low), int(high), spec.shape, endpoint=True).astype(spec.dtype.numpy)
    mask = rng.random(spec.shape) >= MASKED_SHARE
    if mask.ndim:
        # The first of each row stays: attention over nothing but masked places has no meaning.
        mask[..., 0] = True
    return np.asarray(mask).astype(spec.dtype.numpy)
