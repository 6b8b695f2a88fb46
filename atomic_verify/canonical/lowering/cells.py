"""What LSTM, GRU and RNN share: directions, sequence lengths, the input's part of the gates, activations, clipping."""

from collections.abc import Callable
from dataclasses import dataclass

from atomic_verify.canonical.lowering import activations as functions
from atomic_verify.canonical.lowering.context import NodeContext, as_float32
from atomic_verify.canonical.program import Function
from atomic_verify.canonical.views import View

Activation = Callable[[View], View]
_F = Function

# Names as onnxruntime reads them: in any case. Of each, the defaults of alpha and beta; None: it must be given.
_PARAMETERS: dict[str, tuple[float | None, ...]] = {
    "relu": (),
    "tanh": (),
    "sigmoid": (),
    "softsign": (),
    "softplus": (),
    "affine": (None, None),
    "scaledtanh": (None, None),
    "leakyrelu": (as_float32(0.01),),
    "thresholdedrelu": (1.0,),
    "elu": (1.0,),
    "hardsigmoid": (as_float32(0.2), 0.5),
}


@dataclass(frozen=True, slots=True)
class Directed:
    """A recurrent node's directions: which run backwards; the size H of its state and its number of gates."""

    backwards: tuple[bool, ...]
    gates: int
    size: int
    batch: int

    @classmethod
    def of(cls, node: NodeContext, sequence: View, gates: int) -> "Directed":
        """Reads direction and hidden_size, and checks the weights. `sequence` is (T, B, I)."""
        direction = str(node.attr("direction", "forward"))
        known = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}
        if direction not in known:
            raise node.unsupported(f"{direction!r} is none of {', '.join(known)}", "direction")
        backwards = known[direction]
        weights, recurrence = node.shape(1), node.shape(2)
        size = int(node.attr("hidden_size", recurrence[-1]))
        rows = (len(backwards), gates * size)
        if weights != (*rows, sequence.shape[-1]) or recurrence != (*rows, size):
            raise node.unsupported(f"weights {weights} and {recurrence} don't fit an input {sequence.shape}", "W")
        made = cls(backwards, gates, size, sequence.shape[1])
        made._check(node)
        return made

    def _check(self, node: NodeContext) -> None:
        batch_first = node.declares("layout") and node.attr("layout")
        state = (self.batch, self.count, self.size) if batch_first else (self.count, self.batch, self.size)
        bias, peepholes = (self.count, 2 * self.gates * self.size), (self.count, 3 * self.size)
        for place, shape in ((3, bias), (4, (self.batch,)), (5, state), (6, state), (7, peepholes)):
            if node.has(place) and node.shape(place) != shape:
                raise node.unsupported(f"shape {node.shape(place)}, expected {shape}", f"input {place}")

    @property
    def count(self) -> int:
        return len(self.backwards)

    def projected(self, node: NodeContext, number: int, sequence: View, late: bool) -> tuple[View, View | None]:
        """The input's part of the gates (T, B, gates * H) with all biases; and the last gate's recurrence bias (H,)
        on its own if it is added `late`."""
        weights = node.view(1).take(0, number, 1).squeeze([0])
        made = node.builder.matmul(sequence, weights.perm([1, 0]))
        if not node.has(3):
            return made, None
        width = self.gates * self.size
        bias = node.view(3).take(0, number, 1).squeeze([0])
        own, recurrent = bias.take(0, 0, width), bias.take(0, width, width)
        if not late:
            return node.map(_F.ADD, made, node.map(_F.ADD, own, recurrent)), None
        early = width - self.size
        both = node.map(_F.ADD, own.take(0, 0, early), recurrent.take(0, 0, early))
        joined = node.builder.concat([both, own.take(0, early, self.size)], 0)
        return node.map(_F.ADD, made, joined), recurrent.take(0, early, self.size)

    def initial(self, node: NodeContext, number: int, place: int, batch_first: bool) -> View:
        """The first state (B, H)."""
        if not node.has(place):
            return node.builder.full(0.0, (self.batch, self.size))
        axis = 1 if batch_first else 0
        return node.view(place).take(axis, number, 1).squeeze([axis])

    def masks(self, node: NodeContext, place: int) -> list[View] | None:
        """Per time step (B, 1): whether each sequence reaches it; None if all are whole."""
        time = node.view(0).shape[1 if node.declares("layout") and node.attr("layout") else 0]
        if not node.has(place):
            return None
        lengths = node.view(place)
        known = node.builder.value(lengths)
        if known is not None and (known == time).all():
            return None
        column = lengths.unsqueeze([1])
        return [node.builder.map(_F.LT, node.builder.scalar(step), column) for step in range(time)]


def gate(node: NodeContext, function: Activation, x: View) -> View:
    """The activation of an input, clipped first if the node says so."""
    return function(clipped(node, x))


def clipped(node: NodeContext, x: View) -> View:
    """The input within -clip and clip."""
    limit = node.attr("clip")
    if limit is None:
        return x
    return node.map(_F.MIN, node.map(_F.MAX, x, -as_float32(limit)), as_float32(limit))


def activations(node: NodeContext, defaults: tuple[str, ...], directions: int) -> list[list[Activation]]:
    """Per direction its activations. Values of alpha and beta go, in order, to those that have one."""
    # The schema's own default lists as many as a bidirectional node needs, whatever the direction.
    given_names = node.attr("activations") if "activations" in node.attributes else None
    names = [str(name).lower() for name in given_names or [*defaults] * directions]
    if len(names) != len(defaults) * directions:
        raise node.unsupported(f"{len(names)} activations for {directions} directions", "activations")
    given = [list(node.attr(name) or []) for name in ("activation_alpha", "activation_beta")]
    made = []
    for name in names:
        if name not in _PARAMETERS:
            raise node.unsupported(f"the activation {name!r} isn't known", "activations")
        parameters = []
        for place, default in enumerate(_PARAMETERS[name]):
            value = given[place].pop(0) if given[place] else default
            if value is None:
                raise node.unsupported(f"{name!r} needs a value", ("activation_alpha", "activation_beta")[place])
            parameters.append(as_float32(value))
        made.append(_activation(node, name, parameters))
    if any(given):
        raise node.unsupported("more values than activations that take one", "activation_alpha")
    return [made[start : start + len(defaults)] for start in range(0, len(made), len(defaults))]


def _activation(node: NodeContext, name: str, parameters: list[float]) -> Activation:
    def run(x: View) -> View:
        return _FUNCTIONS[name](node, x, *parameters)

    return run


def _threshold(node: NodeContext, x: View, alpha: float) -> View:
    node.decides("the result jumps at alpha", x)
    return node.map(_F.WHERE, node.map(_F.LT, x, alpha), 0.0, x)


def _scaled_tanh(node: NodeContext, x: View, alpha: float, beta: float) -> View:
    return node.map(_F.MUL, functions.tanh(node, node.map(_F.MUL, x, beta)), alpha)


_FUNCTIONS: dict[str, Callable[..., View]] = {
    "relu": lambda node, x: node.map(_F.MAX, x, 0.0),
    "tanh": functions.tanh,
    "sigmoid": functions.sigmoid,
    "softsign": functions.softsign,
    "softplus": functions.softplus,
    "affine": lambda node, x, alpha, beta: node.map(_F.ADD, node.map(_F.MUL, x, alpha), beta),
    "scaledtanh": _scaled_tanh,
    "leakyrelu": functions.leaky,
    "thresholdedrelu": _threshold,
    "elu": functions.exponential,
    "hardsigmoid": functions.hard_sigmoid,
}
