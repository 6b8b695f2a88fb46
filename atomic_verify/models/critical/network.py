"""A critical part as layers: what the error of a circuit can be bounded for.

Used when a model with a critical step is prepared or checked. *Layer*: x -> x W + b, cut off at zero or not. Gemm,
MatMul and Add with constants, and Relu, in a chain; anything else is refused, since nobody could say how far a circuit
of it may be off.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from atomic_verify.models.errors import NetworkUnsupported

Floats = NDArray[np.float64]
MAX_LAYERS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """x -> x W + b, with W float64[inputs,outputs] and b float64[outputs], then at least zero if rectified."""

    weight: Floats
    bias: Floats
    is_rectified: bool = False
    has_bias: bool = False

    def __call__(self, x: Floats) -> Floats:
        """What the layer gives for float64[..., inputs]."""
        made = x @ self.weight + self.bias
        return np.maximum(made, 0.0) if self.is_rectified else made


def layers_of(network: ModelProto) -> tuple[Layer, ...]:
    """The layers of a network of one input and one output. Raises NetworkUnsupported."""
    graph = network.graph
    if len(graph.input) != 1 or len(graph.output) != 1 or not 1 <= len(graph.node) <= 3 * MAX_LAYERS:
        raise NetworkUnsupported("a critical part is a chain of layers from one tensor to another")
    weights = {one.name: one for one in graph.initializer}
    here, layers = graph.input[0].name, list[Layer]()
    for node in graph.node:
        if here not in node.input or list(node.input).count(here) != 1 or len(node.output) != 1:
            raise NetworkUnsupported(f"{node.op_type[:40]} doesn't continue the chain of layers")
        _extend(layers, node, here, weights)
        here = node.output[0]
    if here != graph.output[0].name:
        raise NetworkUnsupported("the chain of layers doesn't end at the output")
    for one, other in pairwise(layers):
        if one.weight.shape[1] != other.weight.shape[0]:
            raise NetworkUnsupported("the sizes of the layers don't fit together")
    return tuple(layers)


def _extend(layers: list[Layer], node: NodeProto, here: str, weights: Mapping[str, TensorProto]) -> None:
    last = layers[-1] if layers else None
    if node.op_type == "MatMul" and node.input[0] == here:
        weight = _constant(weights, node.input[1], 2)
        layers.append(Layer(weight, np.zeros(weight.shape[1])))
    elif node.op_type == "Gemm" and node.input[0] == here:
        layers.append(_gemm(node, weights))
    elif node.op_type == "Add" and last is not None and not last.has_bias and not last.is_rectified:
        other = next(name for name in node.input if name != here)
        layers[-1] = replace(last, bias=_bias(_constant(weights, other), last), has_bias=True)
    elif node.op_type == "Relu" and last is not None and not last.is_rectified:
        layers[-1] = replace(last, is_rectified=True)
    else:
        raise NetworkUnsupported(
            f"{node.op_type[:40]} isn't a layer whose error in a circuit can be bounded",
            hint="cut the model so that what is proven is made of Gemm, MatMul, Add of constants, and Relu",
        )


def _gemm(node: NodeProto, weights: Mapping[str, TensorProto]) -> Layer:
    found = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    if found.get("alpha", 1.0) != 1.0 or found.get("beta", 1.0) != 1.0 or found.get("transA", 0):
        raise NetworkUnsupported("a Gemm with factors, or of a transposed input")
    weight = _constant(weights, node.input[1], 2)
    layer = Layer(weight.T if found.get("transB", 0) else weight, np.zeros(0))
    has_bias = len(node.input) > 2 and bool(node.input[2])
    zeros = np.zeros(layer.weight.shape[1])
    bias = _bias(_constant(weights, node.input[2]), layer) if has_bias else zeros
    return replace(layer, bias=bias, has_bias=has_bias)


def _constant(weights: Mapping[str, TensorProto], name: str, rank: int | None = None) -> Floats:
    if name not in weights or weights[name].data_type != TensorProto.FLOAT:
        raise NetworkUnsupported("a layer's weights aren't float32 constants")
    values = numpy_helper.to_array(weights[name]).astype(np.float64)
    if rank is not None and values.ndim != rank:
        raise NetworkUnsupported(f"a layer's weights have {values.ndim} dimensions")
    if not np.isfinite(values).all():
        raise NetworkUnsupported("a weight isn't finite")
    return values


def _bias(values: Floats, layer: Layer) -> Floats:
    """One number for each output: of a bias of shape [n], [1, n] or []."""
    size = layer.weight.shape[1]
    if values.size not in (1, size) or any(n != 1 for n in values.shape[:-1]):
        raise NetworkUnsupported("a layer's bias doesn't have one number for each output")
    return np.broadcast_to(values.reshape(-1), (size,)).copy()
