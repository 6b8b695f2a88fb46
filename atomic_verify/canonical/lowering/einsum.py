"""Einsum: any equation, as diagonals, permutations and one dot per further operand, from left to right."""

from collections.abc import Sequence
from dataclasses import dataclass

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.integers import wrapped
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.program import Opcode
from atomic_verify.canonical.views import View

_ELLIPSIS = "..."


@dataclass(frozen=True, slots=True)
class _Term:
    """An operand and the label of each of its axes, all different. Axes of an ellipsis are labelled "0", "1", ...
    from the right."""

    view: View
    labels: tuple[str, ...]


@rule("Einsum", since=12)
def einsum(node: NodeContext) -> View:
    equation = "".join(str(node.attr("equation")).split())
    inputs, arrow, output = equation.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(node.inputs) or not all(_well_formed(term) for term in [*terms, output]):
        raise node.unsupported(f"{equation!r} isn't an equation for {len(node.inputs)} inputs", "equation")
    operands = [_term(node, node.view(place), term) for place, term in enumerate(terms)]
    wanted = _labels(output, _hidden(operands)) if arrow else _implicit(terms, operands)
    known = {label for term in operands for label in term.labels}
    if len(set(wanted)) != len(wanted) or not set(wanted) <= known:
        raise node.unsupported(f"the output of {equation!r} names an axis twice or none of the inputs'", "equation")
    result = operands[0]
    for place, term in enumerate(operands[1:], 1):
        later = {label for other in operands[place + 1 :] for label in other.labels}
        result = _contracted(node, result, term, later | set(wanted), wanted)
    result = _summed(node, result, set(wanted))
    made = result.view.perm([result.labels.index(label) for label in wanted])
    return wrapped(node.builder, made, node.dtype())


def _well_formed(term: str) -> bool:
    letters = term.replace(_ELLIPSIS, "", 1)
    return not letters or (letters.isalpha() and letters.isascii())


def _labels(term: str, hidden: int) -> list[str]:
    """The labels of a term whose ellipsis stands for `hidden` axes."""
    before, dots, after = term.partition(_ELLIPSIS)
    return [*before, *(str(number) for number in reversed(range(hidden if dots else 0))), *after]


def _hidden(operands: Sequence[_Term]) -> int:
    return max((sum(label.isdigit() for label in term.labels) for term in operands), default=0)


def _implicit(terms: Sequence[str], operands: Sequence[_Term]) -> list[str]:
    """Without an arrow: the ellipsis, then all labels that come once, in alphabetical order."""
    letters = "".join(terms).replace(_ELLIPSIS, "")
    hidden = [str(number) for number in reversed(range(_hidden(operands)))]
    return [*hidden, *(letter for letter in sorted(set(letters)) if letters.count(letter) == 1)]


def _term(node: NodeContext, view: View, term: str) -> _Term:
    hidden = view.rank - len(term.replace(_ELLIPSIS, ""))
    if hidden < 0 or (hidden and _ELLIPSIS not in term):
        raise node.unsupported(f"{term!r} doesn't fit an input of shape {view.shape}", "equation")
    labels = _labels(term, hidden)
    axis = 0
    while axis < len(labels):
        if labels[axis] in labels[:axis]:
            first = labels.index(labels[axis])
            if view.shape[first] != view.shape[axis]:
                raise node.unsupported(f"{labels[axis]!r} has two sizes in {view.shape}", "equation")
            view = node.builder.diagonal(view, first, axis)
            del labels[axis]
        else:
            axis += 1
    return _Term(view, tuple(labels))


def _summed(node: NodeContext, term: _Term, kept: set[str]) -> _Term:
    """The term with the axes that nobody else names summed away."""
    gone = [axis for axis, label in enumerate(term.labels) if label not in kept]
    if not gone:
        return term
    labels = tuple(label for label in term.labels if label in kept)
    return _Term(node.builder.reduce(Opcode.SUM, term.view, gone), labels)


def _contracted(node: NodeContext, left: _Term, right: _Term, kept: set[str], wanted: Sequence[str]) -> _Term:
    """One term of two: axes that nobody later needs are summed over by a dot, the others broadcast."""
    left, right = _summed(node, left, kept | set(right.labels)), _summed(node, right, kept | set(left.labels))
    together = list(dict.fromkeys([*left.labels, *right.labels]))
    out = [label for label in [*wanted, *sorted(kept - set(wanted))] if label in together]
    inner = [label for label in together if label not in out]
    made = node.builder.dot(_aligned(left, [*out, *inner]), _aligned(right, [*out, *inner]), len(inner))
    return _Term(made, tuple(out))


def _aligned(term: _Term, order: Sequence[str]) -> View:
    """The term's axes in this order, with axes of size 1 for labels that it doesn't have."""
    own = [label for label in order if label in term.labels]
    view = term.view.perm([term.labels.index(label) for label in own])
    return view.unsqueeze([place for place, label in enumerate(order) if label not in term.labels])
