"""Running sums and products along an axis, by doubling: log2(n) steps instead of n."""

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.lowering.integers import wrapped
from atomic_verify.canonical.lowering.registry import rule
from atomic_verify.canonical.program import Function
from atomic_verify.canonical.views import View


@rule("CumSum", "CumProd")
def running(node: NodeContext) -> View:
    x = node.view(0)
    axis = node.axis(int(node.number(1)), x.rank)
    function, neutral = (Function.ADD, 0) if node.operator == "CumSum" else (Function.MUL, 1)
    back = bool(node.attr("reverse"))
    if node.attr("exclusive"):
        x = _shifted(node, x, axis, 1, neutral, back)
    distance = 1
    while distance < x.shape[axis]:
        joined = node.map(function, x, _shifted(node, x, axis, distance, neutral, back))
        x = wrapped(node.builder, joined, node.dtype())
        distance *= 2
    return x


def _shifted(node: NodeContext, x: View, axis: int, distance: int, neutral: int, back: bool) -> View:
    """Element i is element i - distance (back: i + distance), or the neutral one."""
    ahead = [distance if other == axis else 0 for other in range(x.rank)]
    behind = [-step for step in ahead]
    low, high = (behind, ahead) if back else (ahead, behind)
    size = x.shape[axis]
    if distance >= size:
        return View.immediate(neutral, x.dtype, x.shape)
    return node.builder.pad(x, low, high, neutral)
