"""Walks an ONNX graph in topological order and lowers node after node.

Scope: the tensors that a graph's nodes can name. A branch of an If sees its parent's; a function body sees only its
arguments and has opsets of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from onnx import AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto, defs, numpy_helper

from atomic_verify.canonical.builder import Builder
from atomic_verify.canonical.errors import Unsupported
from atomic_verify.canonical.lowering.context import Discontinuity, NodeContext
from atomic_verify.canonical.lowering.expansion import attributes_of, body_of, resolved
from atomic_verify.canonical.lowering.folding import fold
from atomic_verify.canonical.lowering.registry import NEWEST, OLDEST, Made, operators, rule_of
from atomic_verify.canonical.lowering.signatures import check_types, output_type
from atomic_verify.canonical.lowering.values import Value, element_type
from atomic_verify.canonical.views import View

_MAX_DEPTH = 32
# What Python and numpy raise where shapes, axes or types don't fit each other.
_CONTRADICTIONS = (ValueError, LookupError, ArithmeticError, TypeError, StopIteration, RuntimeError, MemoryError)
_DOMAINS = ("", "ai.onnx")


@dataclass(slots=True)
class Scope:
    """Names in sight, the opset by domain, the attributes that a function was called with, a prefix of node names."""

    opsets: Mapping[str, int]
    tensors: dict[str, Value] = field(default_factory=dict)
    outer: "Scope | None" = None
    attributes: Mapping[str, AttributeProto] = field(default_factory=dict)
    prefix: str = ""
    depth: int = 0

    def find(self, name: str) -> Value | None:
        """The tensor in this scope or one around it."""
        found = self.tensors.get(name)
        return self.outer.find(name) if found is None and self.outer is not None else found


@dataclass(slots=True)
class GraphLowering:
    """A model while it is lowered."""

    builder: Builder
    functions: Mapping[tuple[str, str], FunctionProto]
    discontinuities: list[Discontinuity] = field(default_factory=list)

    def graph(self, graph: GraphProto, scope: Scope) -> list[Value]:
        """Lowers all nodes; the graph's outputs."""
        if graph.sparse_initializer:
            raise Unsupported(attribute="sparse_initializer", reason="sparse tensors aren't supported")
        for tensor in graph.initializer:
            if tensor.data_location == TensorProto.EXTERNAL:
                raise Unsupported(node=tensor.name, reason="weights in another file", hint="save the model as one file")
            element_type(tensor.data_type)
            scope.tensors[tensor.name] = Value.of(numpy_helper.to_array(tensor))
        self.nodes(graph.node, scope)
        return [self._output(output.name, scope) for output in graph.output]

    def nodes(self, nodes: Sequence[NodeProto], scope: Scope) -> None:
        """Lowers nodes after those that they need."""
        for number, node in ordered(nodes):
            name = scope.prefix + (node.name or f"{node.op_type}#{number}")
            self.builder.node = name
            for output, value in zip(node.output, self._node(node, name, scope), strict=False):
                if output and value is not None:
                    scope.tensors[output] = value

    def _node(self, node: NodeProto, name: str, scope: Scope) -> Sequence[Value | None]:
        if scope.depth > _MAX_DEPTH:
            raise Unsupported(node.op_type, name, reason=f"graphs nested deeper than {_MAX_DEPTH}")
        inputs = [self._input(item, node, name, scope) for item in node.input]
        attributes = resolved(node, scope.attributes)
        local = self.functions.get((node.domain, node.op_type))
        if local is not None:
            return self._expand(local, attributes_of(local, attributes, None), inputs, scope, name)
        context = self._context(node, name, scope, inputs, attributes)
        try:
            check_types(context)
            made = fold(context)
            found = rule_of(node.op_type, context.opset)
            if made is None and found is not None:
                made = results(context, found(context))
        except Unsupported as error:
            raise located(error, context) from None
        except _CONTRADICTIONS as error:
            raise context.unsupported(f"the node contradicts its inputs ({error})") from error
        if made is not None:
            return made
        body = body_of(context.schema, node, attributes, context.opset, inputs)
        if body is None:
            raise Unsupported(node.op_type, name, reason="no rule for this operator", hint=_hint(node.op_type))
        return self._expand(body, attributes_of(body, attributes, context.schema), inputs, scope, name)

    def _context(
        self,
        node: NodeProto,
        name: str,
        scope: Scope,
        inputs: list[Value | None],
        attributes: dict[str, AttributeProto],
    ) -> NodeContext:
        opset = scope.opsets.get("", scope.opsets.get("ai.onnx", 0))
        if node.domain not in _DOMAINS:
            raise Unsupported(node.op_type, name, reason=f"the domain {node.domain!r} isn't ONNX's own")
        if not OLDEST <= opset <= NEWEST:
            raise Unsupported(reason=f"opset {opset}; {OLDEST} to {NEWEST} are known", hint="convert the model's opset")
        try:
            schema = defs.get_schema(node.op_type, opset, "")
        except defs.SchemaError:
            raise Unsupported(node.op_type, name, reason=f"no such operator at opset {opset}") from None

        def lower_graph(graph: GraphProto) -> list[Value]:
            inner = Scope(scope.opsets, {}, scope, scope.attributes, name + "/", scope.depth + 1)
            return self.graph(graph, inner)

        return NodeContext(
            self.builder, node, name, opset, inputs, attributes, schema, lower_graph, self.discontinuities
        )

    def _expand(
        self,
        function: FunctionProto,
        attributes: Mapping[str, AttributeProto],
        inputs: Sequence[Value | None],
        scope: Scope,
        name: str,
    ) -> list[Value | None]:
        """The outputs of a function body called with these inputs; None of those that it leaves out."""
        opsets = {item.domain: item.version for item in function.opset_import} or scope.opsets
        inner = Scope(opsets, {}, None, attributes, name + "/", scope.depth + 1)
        inner.tensors.update({n: v for n, v in zip(function.input, inputs, strict=False) if v is not None})
        self.nodes(function.node, inner)
        return [inner.find(output) for output in function.output]

    def _input(self, item: str, node: NodeProto, name: str, scope: Scope) -> Value | None:
        if not item:
            return None
        found = scope.find(item)
        if found is None and scope.prefix and scope.outer is None:
            return None  # an optional argument of a function that the caller left out
        if found is None:
            raise Unsupported(node.op_type, name, reason=f"the tensor {item!r} comes from nowhere")
        return found

    def _output(self, name: str, scope: Scope) -> Value:
        found = scope.find(name)
        if found is None:
            raise Unsupported(node=name, attribute="output", reason="no node makes it")
        return found


def results(node: NodeContext, made: "Made | Sequence[Made]") -> list[Value]:
    """A rule's results with their ONNX types. Raises Unsupported if the rule overlooked part of the node."""
    unread = node.unread()
    if unread is not None:
        raise node.unsupported("not known to this rule", unread)
    several: Sequence[Made] = [made] if isinstance(made, (View, Value)) else made
    if len(several) < node.outputs:
        raise node.unsupported("not known to this rule", f"output {node.node.output[len(several)]!r}")
    values = []
    for place, item in enumerate(several):
        values.append(Value.seen(item, output_type(node, place)) if isinstance(item, View) else item)
    return values


def located(error: Unsupported, node: NodeContext) -> Unsupported:
    """The error with the operator and node where it happened, if it doesn't say."""
    if error.operator and error.node:
        return error
    return Unsupported(node.operator, node.name, error.attribute, error.reason, error.hint)


def ordered(nodes: Sequence[NodeProto]) -> Iterator[tuple[int, NodeProto]]:
    """Nodes with their numbers in the file, each after those whose outputs it names; file order otherwise.

    Raises Unsupported for a cycle.
    """
    makers = {output: number for number, node in enumerate(nodes) for output in node.output if output}
    done: set[int] = set()
    for first in range(len(nodes)):
        stack = [(first, iter(_needs(nodes[first])))]
        entered = {first}
        while stack:
            number, needs = stack[-1]
            if number in done:
                stack.pop()
                continue
            missing = next(
                (makers[n] for n in needs if makers.get(n, number) != number and makers[n] not in done), None
            )
            if missing is None:
                done.add(number)
                stack.pop()
                yield number, nodes[number]
            elif missing in entered:
                raise Unsupported(nodes[missing].op_type, nodes[missing].name, reason="the graph has a cycle")
            else:
                entered.add(missing)
                stack.append((missing, iter(_needs(nodes[missing]))))


def _needs(node: NodeProto) -> list[str]:
    """Names that a node reads, those read by its subgraphs included."""
    names = [name for name in node.input if name]
    for attribute in node.attribute:
        if attribute.type == AttributeProto.GRAPH:
            inner = [name for item in attribute.g.node for name in _needs(item)]
            made = {name for item in attribute.g.node for name in item.output}
            names += [name for name in [*inner, *(o.name for o in attribute.g.output)] if name not in made]
    return names


def _hint(operator: str) -> str:
    known = ", ".join(operators())
    return f"replace {operator} before export; known operators: {known}"


def functions_of(model: ModelProto) -> dict[tuple[str, str], FunctionProto]:
    """The functions that a model defines itself."""
    return {(function.domain, function.name): function for function in model.functions}
