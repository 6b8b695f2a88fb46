"""Activation functions, composed of few scalar functions so that they neither overflow nor cancel."""

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.program import Function
from atomic_verify.canonical.views import View

_F = Function


@rule("Relu")
def relu(node: NodeContext) -> View:
    return node.map(_F.MAX, node.view(0), 0)
