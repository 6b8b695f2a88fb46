"""Lowering: an ONNX model with concrete input shapes becomes a canonical program.

    lowered = lower(model, {"x": (1, 3, 224, 224)})
    lowered.program, lowered.discontinuities

`graph` walks the nodes; `registry` has one rule per operator, in one module per family of operators; `context` is what
a rule sees of its node; `values` are tensors, known already or not; `folding` does shape arithmetic here and now;
`expansion` lowers operators without a rule as the function bodies that ONNX defines. Whatever isn't known raises
Unsupported with operator, node and attribute.

A rule, in a module that `families` imports:

    @rule("Gemm")
    def gemm(node: NodeContext) -> View:
        x, alpha = node.view(0), node.attr("alpha")       # inputs as views; attributes with the schema's defaults
        shape = node.ints(1, "shape")                     # known integers, an attribute or input by opset
        if node.attr("odd", 0):
            raise node.unsupported("why", "odd", hint="what to do")
        node.decides("a comparison", x)                   # a float decides here
        return node.map(Function.MUL, x, alpha)           # a View, a Value (with its type), or a list of them

Attributes and inputs that the rule never reads are refused. `lower_graph` lowers a branch.

Types: floats are float64 throughout, so a cast between float types changes nothing. Integers narrower than 64 bits wrap
around as ONNX has them. Outputs keep their declared ONNX types.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import ModelProto, ValueInfoProto

from atomic_verify.canonical.builder import Builder
from atomic_verify.canonical.errors import RecordInvalid, Unsupported
from atomic_verify.canonical.lowering import families
from atomic_verify.canonical.lowering.context import Discontinuity, NotConstant
from atomic_verify.canonical.lowering.graph import GraphLowering, Scope, functions_of
from atomic_verify.canonical.lowering.values import Value, element_type
from atomic_verify.canonical.program import Program
from atomic_verify.commitments import TensorSpecError

__all__ = ["LOWERING_VERSION", "Discontinuity", "Lowered", "NotConstant", "families", "lower"]

LOWERING_VERSION = 1
"""Goes up whenever the lowering makes other records of some file; a published model names the one it was made by."""


@dataclass(frozen=True, slots=True, eq=False)
class Lowered:
    """A model's program, and the places where a float decides. Each step's `node` names the ONNX node it came from."""

    program: Program
    discontinuities: tuple[Discontinuity, ...]

    @property
    def trace_bytes(self) -> int:
        return self.program.trace_bytes


def lower(model: ModelProto | bytes, shapes: Mapping[str, Sequence[int]] | None = None) -> Lowered:
    """The program of a model. `shapes` gives the shapes of inputs that the model leaves open, by name.

    Raises Unsupported (NotConstant if a tensor that decides shapes depends on the item).
    """
    if isinstance(model, bytes):
        try:
            model = onnx.load_model_from_string(model)
        except DecodeError:
            raise Unsupported(reason="not an ONNX file") from None
    try:
        return _lowered(model, dict(shapes or {}))
    except (RecordInvalid, TensorSpecError) as error:
        # Sizes beyond what a step or a tensor may have.
        raise Unsupported(reason=f"the program can't be judged: {error}") from error


def _lowered(model: ModelProto, given: dict[str, Sequence[int]]) -> Lowered:
    builder = Builder()
    lowering = GraphLowering(builder, functions_of(model))
    scope = Scope({item.domain: item.version for item in model.opset_import})
    constants = {tensor.name for tensor in model.graph.initializer}
    for info in model.graph.input:
        if info.name not in constants:
            _declare(info, given.pop(info.name, None), builder, scope)
    if given:
        raise Unsupported(attribute=f"shape of {next(iter(given))!r}", reason="the model has no such input")
    results = lowering.graph(model.graph, scope)
    names = [output.name for output in model.graph.output]
    program = builder.finish([(n, v.view(builder), v.dtype, v.shape) for n, v in zip(names, results, strict=True)])
    return Lowered(program, tuple(lowering.discontinuities))


def _declare(info: ValueInfoProto, given: Sequence[int] | None, builder: Builder, scope: Scope) -> None:
    if info.type.WhichOneof("value") != "tensor_type":
        raise Unsupported(node=info.name, attribute="input", reason="only tensors are supported, not sequences or maps")
    dtype = element_type(info.type.tensor_type.elem_type)
    shape = _shape(info, given)
    builder.node = info.name
    scope.tensors[info.name] = Value.seen(builder.input(info.name, dtype, shape), dtype)


def _shape(info: ValueInfoProto, given: Sequence[int] | None) -> tuple[int, ...]:
    """The input's concrete shape. Raises Unsupported if neither the model nor the caller says."""
    tensor = info.type.tensor_type
    # Some exporters write -1 for an open dimension.
    declared = [d.dim_value if d.HasField("dim_value") and d.dim_value >= 0 else None for d in tensor.shape.dim]
    if given is None:
        given = [size for size in declared if size is not None]
        if not tensor.HasField("shape") or len(given) < len(declared):
            reason = "its shape isn't fixed by the model"
            raise Unsupported(node=info.name, attribute="input", reason=reason, hint=f"give one: {info.name}=1,...")
    shape = tuple(int(size) for size in given)
    fitting = len(declared) == len(shape) and all(a in (None, b) for a, b in zip(declared, shape, strict=False))
    if tensor.HasField("shape") and not fitting:
        raise Unsupported(node=info.name, attribute="input", reason=f"shape {shape}, the model declares {declared}")
    return shape
