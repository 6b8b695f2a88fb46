"""Cutting a part out of an ONNX graph, the same bytes every time.

Used when a model with a critical step is built, and by whoever checks that the network of a circuit really is the part
of the model that it claims to be. *Part*: the nodes between some tensors and others, with the weights that they read.
*Critical part*: what a circuit proves, the one between a model's two outputs (features and scores), or between the one
input and the one output that it has. `onnx.utils.extract_model` does the same but keeps what shape inference of this or
that version found; here nothing depends on versions: no producer, no inferred shapes, no text.
"""

from collections.abc import Mapping, Sequence

from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto
from onnx.helper import make_tensor_value_info

from atomic_verify.commitments import Signature, TensorSpec


def ends_of(inputs: Signature, outputs: Signature) -> tuple[TensorSpec, TensorSpec] | None:
    """The tensors between which a model's critical part lies, if it has one by its signature."""
    if len(outputs.specs) == 2:
        return outputs.specs[0], outputs.specs[1]
    if len(outputs.specs) == 1 and len(inputs.specs) == 1:
        return inputs.specs[0], outputs.specs[0]
    return None


def critical_part(model: ModelProto, inputs: Signature, outputs: Signature) -> ModelProto:
    """What a circuit of this model proves, for one item. Raises ValueError if the model has no such part."""
    ends = ends_of(inputs, outputs)
    if ends is None:
        raise ValueError("a critical part lies between two outputs, or between the only input and the only output")
    source, target = (make_tensor_value_info(one.name, int(one.dtype), one.shape) for one in ends)
    return cut(model, [source], [target])


def cut(model: ModelProto, inputs: Sequence[ValueInfoProto], outputs: Sequence[ValueInfoProto]) -> ModelProto:
    """The part of a model between `inputs` and `outputs`, tensors of it by name, with the types given here.

    Raises ValueError if an output needs something that is neither computed from the inputs nor a weight.
    """
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes = _needed(model.graph, {value.name for value in inputs}, [value.name for value in outputs], weights)
    read = {name for node in nodes for name in node.input} | {value.name for value in outputs}
    made = ModelProto(ir_version=model.ir_version)
    made.opset_import.extend(one for one in model.opset_import if one.domain in {node.domain for node in nodes})
    made.graph.name = "part"
    made.graph.node.extend(nodes)
    for node in made.graph.node:
        node.ClearField("doc_string")
    for name in sorted(read & weights.keys()):
        made.graph.initializer.append(weights[name])
    made.graph.input.extend(inputs)
    made.graph.output.extend(outputs)
    return made


def _needed(
    graph: GraphProto, given: set[str], wanted: Sequence[str], weights: Mapping[str, TensorProto]
) -> list[NodeProto]:
    """The nodes that the wanted tensors are computed by, in the graph's order."""
    makers = {name: index for index, node in enumerate(graph.node) for name in node.output if name}
    found: set[int] = set()
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if not name or name in given or name in weights:
            continue
        if name not in makers:
            raise ValueError(f"nothing computes {name!r} from the inputs of the part")
        index = makers[name]
        if index not in found:
            found.add(index)
            waiting.extend(graph.node[index].input)
    return [graph.node[index] for index in sorted(found)]


def renamed(model: ModelProto, names: Mapping[str, str]) -> ModelProto:
    """A model without subgraphs, with tensors called otherwise. Raises ValueError if a new name is taken already."""
    made = ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    taken = {name for node in graph.node for name in (*node.input, *node.output)}
    taken |= {one.name for one in (*graph.initializer, *graph.input, *graph.output)}
    clash = sorted(taken & set(names.values()))
    if clash:
        raise ValueError(f"the graph has a tensor called {clash[0]!r} already")
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for one in (*graph.initializer, *graph.input, *graph.output, *graph.value_info):
        one.name = names.get(one.name, one.name)
    return made


def model_bytes(model: ModelProto) -> bytes:
    """A model as a file, the same bytes every time."""
    return bytes(model.SerializeToString(deterministic=True))
