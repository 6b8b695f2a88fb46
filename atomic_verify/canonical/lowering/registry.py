"""The table of lowering rules: one function per ONNX operator and version from which on it holds.

    @rule("Softmax", since=13)
    def softmax(node: NodeContext) -> View: ...

A rule reads its node's inputs and attributes through the context, which notes what was read: an attribute or input that
the node has and the rule never asked for is refused, so no rule can ignore what it doesn't know.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from atomic_verify.canonical.views import View

if TYPE_CHECKING:
    from atomic_verify.canonical.lowering.context import NodeContext
    from atomic_verify.canonical.lowering.values import Value

Made: TypeAlias = "View | Value"
Rule: TypeAlias = "Callable[[NodeContext], Made | Sequence[Made]]"

OLDEST, NEWEST = 7, 28
"""Opsets of the default domain that the rules were written and tested for."""

_RULES: dict[str, dict[int, Rule]] = {}


def rule(*operators: str, since: int = OLDEST) -> Callable[[Rule], Rule]:
    """Registers a function as the rule of operators from an opset on."""

    def register(function: Rule) -> Rule:
        for operator in operators:
            versions = _RULES.setdefault(operator, {})
            if since in versions:
                raise RuntimeError(f"two rules for {operator} since {since}")
            versions[since] = function
        return function

    return register


def rule_of(operator: str, opset: int) -> "Rule | None":
    """The rule that holds at an opset, or None."""
    fitting = [since for since in _RULES.get(operator, {}) if since <= opset]
    return _RULES[operator][max(fitting)] if fitting else None


def operators() -> list[str]:
    """All operators with a rule of their own."""
    return sorted(_RULES)
