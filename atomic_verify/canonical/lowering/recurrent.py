"""LSTM, GRU and RNN, unrolled over time.

The input's part of all gates is one matrix product over all time steps; each time step then adds the hidden state's
part. Where sequences of a batch have lengths of their own, a step beyond a sequence's end keeps its state and shows 0.
"""

from collections.abc import Callable
from dataclasses import dataclass

from atomic_verify.canonical.lowering.cells import Activation, Directed, activations, gate
from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.program import Function, Source
from atomic_verify.canonical.views import View

_MAX_TIME = 4096
_State = tuple[View, ...]
_Cell = Callable[[NodeContext, "_Direction", View, _State], _State]


@dataclass(frozen=True, slots=True)
class _Direction:
    """One direction: the recurrence weights (gates * H, H), its bias (only where it is added on its own), peepholes
    (3 H), activations, and the size H."""

    recurrence: View
    bias: View | None
    peepholes: View | None
    functions: list[Activation]
    size: int

    def part(self, view: View, first: int, count: int = 1) -> View:
        """Gates `first` to `first + count` along the last axis."""
        return view.take(view.rank - 1, first * self.size, count * self.size)


@rule("LSTM")
def lstm(node: NodeContext) -> list[View]:
    if node.attr("input_forget", 0):
        raise node.unsupported("coupled gates aren't supported", "input_forget")
    if node.attr("clip") is not None:
        # By ONNX's text the input of h is clipped too; onnxruntime leaves it.
        raise node.unsupported("whether the cell's state is clipped isn't agreed on", "clip")
    return _unrolled(node, 4, ("Sigmoid", "Tanh", "Tanh"), _lstm_cell, states=2)


@rule("GRU")
def gru(node: NodeContext) -> list[View]:
    after = bool(node.attr("linear_before_reset", 0))
    return _unrolled(node, 3, ("Sigmoid", "Tanh"), _gru_cell_late if after else _gru_cell, late=after)


@rule("RNN")
def rnn(node: NodeContext) -> list[View]:
    return _unrolled(node, 1, ("Tanh",), _rnn_cell)


def _recurrent(node: NodeContext, hidden: View, weights: View) -> View | None:
    """hidden (B, H) by weights (G, H) transposed; None for a state of zeros."""
    if hidden.source is Source.IMMEDIATE and hidden.fill == 0:
        return None
    return node.builder.matmul(hidden, weights.perm([1, 0]))


def _added(node: NodeContext, view: View, other: View | None) -> View:
    return view if other is None else node.builder.map(Function.ADD, view, other)


def _lstm_cell(node: NodeContext, way: _Direction, x: View, state: _State) -> _State:
    hidden, cell = state
    gates = _added(node, x, _recurrent(node, hidden, way.recurrence))
    f, g, h = way.functions
    if way.peepholes is None:
        opened = gate(node, f, way.part(gates, 0, 3))
        enter, leave, keep = (way.part(opened, place) for place in range(3))
    else:
        eye = [node.builder.map(Function.MUL, way.part(way.peepholes, place), cell) for place in (0, 2)]
        enter = gate(node, f, node.builder.map(Function.ADD, way.part(gates, 0), eye[0]))
        keep = gate(node, f, node.builder.map(Function.ADD, way.part(gates, 2), eye[1]))
        leave = None
    new = node.builder.map(Function.MUL, enter, gate(node, g, way.part(gates, 3)))
    cell = node.builder.map(Function.ADD, node.builder.map(Function.MUL, keep, cell), new)
    if leave is None and way.peepholes is not None:
        seen = node.builder.map(Function.MUL, way.part(way.peepholes, 1), cell)
        leave = gate(node, f, node.builder.map(Function.ADD, way.part(gates, 1), seen))
    if leave is None:
        raise RuntimeError("the output gate is made before or after the cell")
    return node.builder.map(Function.MUL, leave, gate(node, h, cell)), cell


def _blended(node: NodeContext, update: View, new: View, hidden: View) -> _State:
    """(1 - z) new + z hidden."""
    rest = node.map(Function.MUL, node.map(Function.SUB, 1.0, update), new)
    return (node.map(Function.ADD, rest, node.map(Function.MUL, update, hidden)),)


def _gru_cell(node: NodeContext, way: _Direction, x: View, state: _State) -> _State:
    (hidden,) = state
    f, g = way.functions
    rows = way.recurrence.take(0, 0, 2 * way.size)
    opened = gate(node, f, _added(node, way.part(x, 0, 2), _recurrent(node, hidden, rows)))
    update, reset = way.part(opened, 0), way.part(opened, 1)
    kept = node.builder.map(Function.MUL, reset, hidden)
    product = _recurrent(node, kept, way.recurrence.take(0, 2 * way.size, way.size))
    return _blended(node, update, gate(node, g, _added(node, way.part(x, 2), product)), hidden)


def _gru_cell_late(node: NodeContext, way: _Direction, x: View, state: _State) -> _State:
    """With linear_before_reset: the reset gate scales the product, bias included."""
    (hidden,) = state
    f, g = way.functions
    product = _recurrent(node, hidden, way.recurrence)
    opened = gate(node, f, _added(node, way.part(x, 0, 2), None if product is None else way.part(product, 0, 2)))
    update, reset = way.part(opened, 0), way.part(opened, 1)
    past = way.bias if product is None else _added(node, way.part(product, 2), way.bias)
    scaled = None if past is None else node.builder.map(Function.MUL, reset, past)
    return _blended(node, update, gate(node, g, _added(node, way.part(x, 2), scaled)), hidden)


def _rnn_cell(node: NodeContext, way: _Direction, x: View, state: _State) -> _State:
    return (gate(node, way.functions[0], _added(node, x, _recurrent(node, state[0], way.recurrence))),)


def _unrolled(
    node: NodeContext, gates: int, names: tuple[str, ...], cell: _Cell, states: int = 1, late: bool = False
) -> list[View]:
    """All directions: Y, then the last states."""
    batch_first = bool(node.attr("layout", 0)) if node.declares("layout") else False
    sequence = node.view(0).perm([1, 0, 2]) if batch_first else node.view(0)
    directed = Directed.of(node, sequence, gates)
    if sequence.shape[0] > _MAX_TIME:
        raise node.unsupported(f"{sequence.shape[0]} time steps, {_MAX_TIME} are the limit", "input X")
    functions = activations(node, names, directed.count)
    masks = directed.masks(node, 4)
    shown, last = [], []
    for number in range(directed.count):
        projected, alone = directed.projected(node, number, sequence, late)
        recurrence = node.view(2).take(0, number, 1).squeeze([0])
        peepholes = node.view(7).take(0, number, 1).squeeze([0]) if states > 1 and node.has(7) else None
        way = _Direction(recurrence, alone, peepholes, functions[number], directed.size)
        state = tuple(directed.initial(node, number, 5 + place, batch_first) for place in range(states))
        backwards = directed.backwards[number]
        hidden, state = _walk(node, cell, way, projected, state, masks, backwards)
        shown.append(node.builder.concat([view.unsqueeze([0, 1]) for view in hidden], 0))
        last.append([view.unsqueeze([0]) for view in state])
    made = [node.builder.concat(shown, 1), *(node.builder.concat(list(each), 0) for each in zip(*last, strict=True))]
    return [made[0].perm([2, 0, 1, 3]), *(view.perm([1, 0, 2]) for view in made[1:])] if batch_first else made


def _walk(
    node: NodeContext,
    cell: _Cell,
    way: _Direction,
    projected: View,
    state: _State,
    masks: list[View] | None,
    backwards: bool,
) -> tuple[list[View], _State]:
    """The hidden state of each time step, in order of time, and the last states."""
    hidden: dict[int, View] = {}
    times = range(projected.shape[0])
    for time in reversed(times) if backwards else times:
        after = cell(node, way, projected.take(0, time, 1).squeeze([0]), state)
        if masks is None:
            state, hidden[time] = after, after[0]
        else:
            state = tuple(
                node.builder.map(Function.WHERE, masks[time], new, old) for new, old in zip(after, state, strict=True)
            )
            hidden[time] = node.map(Function.WHERE, masks[time], after[0], 0.0)
    return [hidden[time] for time in times], state
