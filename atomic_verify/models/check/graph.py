"""Nodes and names: only known, bounded, deterministic operators, each name defined once and before its use."""

from collections.abc import Iterable
from dataclasses import dataclass

import onnx

from atomic_verify.models.check.limits import CheckLimits
from atomic_verify.models.check.parse import STANDARD_DOMAINS, require_text
from atomic_verify.models.check.tensors import check_attribute, check_tensor
from atomic_verify.models.errors import OnnxGraphBroken, OnnxMalformed, OnnxOperatorRefused, OnnxTooLarge

UNBOUNDED = frozenset({"Loop", "Scan", "SequenceMap"})
"""Repeat a subgraph as often as data says."""

RANDOM = frozenset({
    "Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike",
})  # fmt: skip
"""Have no one right output."""


@dataclass(slots=True)
class Seen:
    """Totals over a graph and its subgraphs."""

    nodes: int = 0
    parameters: int = 0
    weight_bytes: int = 0
    infinite: int = 0


def check_graph(graph: onnx.GraphProto, opset: int, limits: CheckLimits) -> Seen:
    """Check a whole graph. Raises a subclass of OnnxRefused."""
    seen = Seen()
    _check_scope(graph, frozenset(), 0, opset, limits, seen)
    return seen


def _check_scope(
    graph: onnx.GraphProto, outer: frozenset[str], depth: int, opset: int, limits: CheckLimits, seen: Seen
) -> None:
    if depth > limits.depth:
        raise OnnxTooLarge(f"subgraphs are nested deeper than {limits.depth}")
    seen.nodes += len(graph.node)
    if seen.nodes > limits.nodes:
        raise OnnxTooLarge(f"the graph has more than {limits.nodes} nodes")
    if graph.sparse_initializer:
        raise OnnxMalformed("the graph has sparse weights", hint="save them as dense tensors")
    require_text(*(named.name for group in (graph.initializer, graph.input, graph.output) for named in group))
    defined = set(outer)
    weights = [tensor.name for tensor in graph.initializer]
    _define(defined, weights)
    # Older files list their weights among the inputs too.
    _define(defined, [name for name in _once(value.name for value in graph.input) if name not in set(weights)])
    for tensor in graph.initializer:
        _count(seen, *check_tensor(tensor, limits))
    for node in graph.node:
        _check_operator(node, opset)
        if not all(name in defined or not name for name in node.input):
            _explain_order(graph, defined)
        _check_attributes(node, defined, depth, opset, limits, seen)
        _define(defined, [name for name in node.output if name])
    missing = [value.name for value in graph.output if value.name not in defined]
    if missing:
        raise OnnxGraphBroken(f"nothing makes the output {missing[0][:80]!r}")


def _define(defined: set[str], names: Iterable[str]) -> None:
    for name in names:
        if not name or name in defined:
            raise OnnxGraphBroken(f"the name {name[:80]!r} is defined twice, or empty")
        defined.add(name)


def _once(names: Iterable[str]) -> list[str]:
    listed = list(names)
    if len(set(listed)) < len(listed):
        raise OnnxGraphBroken("two inputs of the graph have the same name")
    return listed


def _count(seen: Seen, elements: int, nbytes: int, infinite: int) -> None:
    seen.parameters += elements
    seen.weight_bytes += nbytes
    seen.infinite += infinite


def _check_operator(node: onnx.NodeProto, opset: int) -> None:
    require_text(node.name, node.op_type, node.domain, *node.input, *node.output)
    if node.domain not in STANDARD_DOMAINS:
        raise OnnxOperatorRefused(
            f"node {_label(node)} is of the operator domain {node.domain[:80]!r}", hint="only standard ONNX operators"
        )
    if node.op_type in UNBOUNDED or node.op_type in RANDOM:
        why = "repeats a graph as often as data says" if node.op_type in UNBOUNDED else "is random"
        raise OnnxOperatorRefused(f"node {_label(node)} {why}", hint="unroll or remove it when exporting")
    try:
        schema = onnx.defs.get_schema(node.op_type, opset, "")
    except onnx.defs.SchemaError as error:
        raise OnnxOperatorRefused(f"node {_label(node)} isn't in operator set {opset}") from error
    if schema.deprecated:
        raise OnnxOperatorRefused(f"node {_label(node)} is deprecated in operator set {opset}")
    if node.op_type == "Dropout" and len(node.input) > 2 and node.input[2]:
        raise OnnxOperatorRefused(f"node {_label(node)} may drop at random", hint="export the model for inference")


def _check_attributes(
    node: onnx.NodeProto, defined: set[str], depth: int, opset: int, limits: CheckLimits, seen: Seen
) -> None:
    if len(node.attribute) > limits.attributes:
        raise OnnxTooLarge(f"node {_label(node)} has more than {limits.attributes} attributes")
    require_text(*(attribute.name for attribute in node.attribute))
    for attribute in node.attribute:
        check_attribute(attribute, _label(node))
        for tensor in (*((attribute.t,) if attribute.HasField("t") else ()), *attribute.tensors):
            _count(seen, *check_tensor(tensor, limits))
        for graph in (*((attribute.g,) if attribute.HasField("g") else ()), *attribute.graphs):
            _check_scope(graph, frozenset(defined), depth + 1, opset, limits, seen)


def _explain_order(graph: onnx.GraphProto, defined: set[str]) -> None:
    """Say why a node's input isn't defined before it; always raises OnnxGraphBroken."""
    made = {name for node in graph.node for name in node.output}
    for node in graph.node:
        for name in node.input:
            if name and name not in made and name not in defined:
                raise OnnxGraphBroken(f"nothing makes the input {name[:80]!r} of node {_label(node)}")
    makers = {name: index for index, node in enumerate(graph.node) for name in node.output if name}
    waits = [{makers[name] for name in node.input if name in makers} for node in graph.node]
    users: dict[int, list[int]] = {}
    for index, needed in enumerate(waits):
        for maker in needed:
            users.setdefault(maker, []).append(index)
    ready = [index for index, needed in enumerate(waits) if not needed]
    done = 0
    while ready:
        maker = ready.pop()
        done += 1
        for user in users.get(maker, []):
            waits[user].discard(maker)
            if not waits[user]:
                ready.append(user)
    if done < len(graph.node):
        stuck = next(index for index, needed in enumerate(waits) if needed)
        raise OnnxGraphBroken(f"the graph is cyclic, at node {_label(graph.node[stuck])}")
    raise OnnxGraphBroken("the nodes aren't in the order in which they are evaluated")


def _label(node: onnx.NodeProto) -> str:
    return f"{node.name or (node.output[0] if node.output else '')}"[:80] + f" ({node.op_type[:40]})"
