"""Hardening: float64 around the few nodes where float32 cancels, in the execution graph only.

What a model means doesn't change; the canonical program stays that of the ONNX file. *Sink*: a node that turns a small
error of its operand into a large one: the root, logarithm, reciprocal or denominator of something near zero. *Region*:
what a sink's operand is computed from, backwards over cheap nodes, through a reduction only over squares and
differences of what is reduced. A region is *cancelling* if it subtracts. Those regions get casts around them;
onnxruntime then computes them in float64, the rest stays as fast as it was.

Layer norms that compute E[x^2] - E[x]^2 are the common case; a whole LayerNormalization node is a region by itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SINKS: Mapping[str, int] = {"Sqrt": 0, "Log": 0, "Reciprocal": 0, "Div": 1}
"""Operators that amplify an error, and in which operand."""
CHEAP = frozenset(
    {"Add", "Sub", "Mul", "Div", "Neg", "Abs", "Sqrt", "Reciprocal", "Pow", "Max", "Min", "Identity"}
    | {"Reshape", "Squeeze", "Unsqueeze", "Expand", "Transpose"}
)
REDUCTIONS = frozenset({"ReduceSum", "ReduceMean", "ReduceSumSquare", "ReduceL2"})
FUSED = frozenset({"LayerNormalization"})
DATA_INPUTS: Mapping[str, int] = {
    "Reshape": 1, "Squeeze": 1, "Unsqueeze": 1, "Expand": 1, "Transpose": 1, "ReduceSum": 1, "ReduceMean": 1,
    "ReduceSumSquare": 1, "ReduceL2": 1,
}  # fmt: skip
"""How many leading inputs are data, where that isn't all of them."""
CANCELLING = frozenset({"Sub"})


@dataclass(frozen=True, slots=True)
class Hardened:
    """The execution graph, and which nodes of the ONNX file it runs in float64, named as the lowering names them."""

    graph: bytes
    nodes: tuple[str, ...]


def harden(model: onnx.ModelProto) -> Hardened:
    """The execution graph of a model, which is the model itself where nothing cancels."""
    regions = cancelling_nodes(model)
    if not regions:
        return Hardened(model.SerializeToString(deterministic=True), ())
    names = tuple(_name(model.graph.node[index], index) for index in sorted(regions))
    return Hardened(_rewritten(model, regions).SerializeToString(deterministic=True), names)


def cancelling_nodes(model: onnx.ModelProto) -> frozenset[int]:
    """The numbers of the nodes in cancelling regions."""
    graph, floats = model.graph, _float_tensors(model)
    producers = {output: index for index, node in enumerate(graph.node) for output in node.output}
    found: set[int] = set()
    for index, node in enumerate(graph.node):
        if node.op_type in FUSED and node.input[0] in floats:
            found.add(index)
        place = SINKS.get(node.op_type)
        if place is None or node.input[place] not in floats:
            continue
        region = _region(graph, producers, node.input[place]) & _of_floats(graph, floats)
        if any(graph.node[one].op_type in CANCELLING for one in region):
            found |= region | {index}
    return frozenset(found)


def _region(graph: onnx.GraphProto, producers: Mapping[str, int], tensor: str) -> set[int]:
    """The nodes that a sink's operand comes from."""
    region: set[int] = set()
    waiting = [(tensor, False)]
    while waiting:
        name, is_reduced = waiting.pop()
        index = producers.get(name)
        if index is None or index in region:
            continue
        node = graph.node[index]
        if is_reduced and not _is_spread(node):
            continue
        if node.op_type not in CHEAP | REDUCTIONS:
            continue
        region.add(index)
        # What a spread is made of is the data itself, as long as the model's tensors: it stays float32.
        if not is_reduced:
            waiting.extend((one, node.op_type in REDUCTIONS) for one in _data(node))
    return region


def _is_spread(node: onnx.NodeProto) -> bool:
    """Whether a node makes squares or differences: what a variance sums."""
    if node.op_type == "Mul":
        return bool(node.input[0] == node.input[1])
    return node.op_type in ("Sub", "Pow", "Abs")


def _data(node: onnx.NodeProto) -> list[str]:
    return list(node.input[: DATA_INPUTS.get(node.op_type, len(node.input))])


def _of_floats(graph: onnx.GraphProto, floats: frozenset[str]) -> set[int]:
    return {index for index, node in enumerate(graph.node) if node.output[0] in floats}


def _float_tensors(model: onnx.ModelProto) -> frozenset[str]:
    """Names of all float32 tensors, as far as types can be inferred."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    known = {one.name for one in graph.initializer if one.data_type == TensorProto.FLOAT}
    for info in (*graph.input, *graph.output, *graph.value_info):
        if info.type.tensor_type.elem_type == TensorProto.FLOAT:
            known.add(info.name)
    return frozenset(known)


def _name(node: onnx.NodeProto, index: int) -> str:
    return node.name or f"{node.op_type}#{index}"


def _rewritten(model: onnx.ModelProto, region: Iterable[int]) -> onnx.ModelProto:
    """The model with casts around the region's nodes."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    inside = frozenset(region)
    _Casting(made.graph, inside).apply()
    return made


class _Casting:
    """Puts float64 around some nodes of one graph."""

    def __init__(self, graph: onnx.GraphProto, inside: frozenset[int]) -> None:
        self._graph = graph
        self._inside = inside
        self._nodes: list[onnx.NodeProto] = []
        self._wide: dict[str, str] = {}
        self._weights = {one.name: one for one in graph.initializer}
        self._taken = {name for node in graph.node for name in (*node.input, *node.output)} | set(self._weights)

    def apply(self) -> None:
        nodes = list(self._graph.node)
        made = {output for index in self._inside for output in nodes[index].output}
        read = {name for index, node in enumerate(nodes) if index not in self._inside for name in node.input}
        read |= {output.name for output in self._graph.output}
        for index, node in enumerate(nodes):
            if index in self._inside:
                self._widen(node)
                for output in node.output:
                    if output in read and output in made:
                        self._nodes.append(self._cast(self._wide[output], output, TensorProto.FLOAT))
            else:
                self._nodes.append(node)
        del self._graph.node[:]
        self._graph.node.extend(self._nodes)

    def _widen(self, node: onnx.NodeProto) -> None:
        wide = onnx.NodeProto()
        wide.CopyFrom(node)
        data = DATA_INPUTS.get(node.op_type, len(node.input))
        for place, name in enumerate(node.input[:data]):
            if name:
                wide.input[place] = self._double(name)
        for place, name in enumerate(node.output):
            if name:
                self._wide[name] = self._fresh(name)
                wide.output[place] = self._wide[name]
        self._nodes.append(wide)

    def _double(self, name: str) -> str:
        """The float64 form of a tensor, made where it is first needed."""
        if name not in self._wide:
            self._wide[name] = self._fresh(name)
            if name in self._weights:
                values = numpy_helper.to_array(self._weights[name]).astype(np.float64)
                self._graph.initializer.append(numpy_helper.from_array(values, self._wide[name]))
            else:
                self._nodes.append(self._cast(name, self._wide[name], TensorProto.DOUBLE))
        return self._wide[name]

    def _cast(self, source: str, target: str, to: int) -> onnx.NodeProto:
        return helper.make_node("Cast", [source], [target], to=to, name=self._fresh(f"{target}/cast"))

    def _fresh(self, name: str) -> str:
        found, number = f"{name}/f64", 1
        while found in self._taken:
            number += 1
            found = f"{name}/f64_{number}"
        self._taken.add(found)
        return found
