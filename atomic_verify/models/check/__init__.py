"""The structural check of a stranger's ONNX file: what can be refused without running or lowering it.

Used before a model is installed, published or loaded, and inside the sandbox before onnxruntime sees the bytes.
*Scope*: a graph and what its subgraphs (the branches of `If`) see of it. What the check can't know (shapes that depend
on data, what a kernel does) the sandbox's limits bound.

Order: `parse` the bytes, walk every `tensors` and `graph`, then fit the `signature` and infer shapes.
"""

from dataclasses import dataclass

from atomic_verify.commitments import Signature
from atomic_verify.models.check.graph import check_graph
from atomic_verify.models.check.limits import CheckLimits
from atomic_verify.models.check.parse import check_header, parse
from atomic_verify.models.check.signature import check_shapes, check_signature

__all__ = ["CheckLimits", "CheckReport", "check_model"]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a model that passed is like. Sizes are in bytes."""

    ir_version: int
    opset: int
    nodes: int
    parameters: int
    weight_bytes: int
    infinite_weights: int
    computed_bytes: int
    """All intermediate tensors of known shape together, for one item."""
    unknown_shapes: int
    """Intermediate tensors whose shape depends on data."""


def check_model(graph: bytes, inputs: Signature, outputs: Signature, limits: CheckLimits | None = None) -> CheckReport:
    """Check an ONNX file against the signature that its manifest declares. Raises a subclass of OnnxRefused."""
    limits = limits or CheckLimits()
    model = parse(graph, limits)
    opset = check_header(model)
    seen = check_graph(model.graph, opset, limits)
    check_signature(model.graph, inputs, outputs)
    computed, unknown = check_shapes(model, inputs, outputs, limits)
    return CheckReport(
        ir_version=model.ir_version,
        opset=opset,
        nodes=seen.nodes,
        parameters=seen.parameters,
        weight_bytes=seen.weight_bytes,
        infinite_weights=seen.infinite,
        computed_bytes=computed,
        unknown_shapes=unknown,
    )
