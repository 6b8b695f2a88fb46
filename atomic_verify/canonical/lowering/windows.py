"""Where the windows of a convolution or pooling lie: padding and output sizes by ONNX's rules.

Effective size: what a dilated kernel spans, `dilation * (taps - 1) + 1`. Overhang: elements behind the right padding
that the last window still reaches when sizes are rounded up.
"""

from dataclasses import dataclass

import numpy as np

from atomic_verify.canonical.lowering.context import NodeContext
from atomic_verify.canonical.program import Array

MAX_CONSTANT = 2**24
"""Elements of a constant that a rule makes up (masks, interpolation weights): a small file mustn't need much memory."""

_AUTO = ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")


@dataclass(frozen=True, slots=True)
class AxisWindows:
    """Windows along one axis of `size` elements: `count` of them, over `low` + size + `high` + `overhang` elements."""

    size: int
    taps: int
    stride: int
    dilation: int
    low: int
    high: int
    overhang: int
    count: int

    @property
    def surplus(self) -> bool:
        """Whether the last window ends before the data does."""
        return (self.count - 1) * self.stride + self.dilation * (self.taps - 1) + 1 < self.low + self.size

    def inside(self, padding: bool) -> Array:
        """(count,) how many taps of each window lie on the data, or on data and padding; never on the overhang."""
        places = np.arange(self.count)[:, None] * self.stride + np.arange(self.taps)[None] * self.dilation
        low, high = (0, self.low + self.size + self.high) if padding else (self.low, self.low + self.size)
        found: Array = ((places >= low) & (places < high)).sum(axis=1)
        return found


def windows(node: NodeContext, spatial: tuple[int, ...], kernel: tuple[int, ...]) -> list[AxisWindows]:
    """Per spatial axis the windows of a node with strides, dilations, pads, auto_pad and perhaps ceil_mode.

    Raises Unsupported for attributes that contradict each other and for windows that don't fit.
    """
    rank = len(spatial)
    strides, dilations = per_axis(node, "strides", rank), per_axis(node, "dilations", rank)
    if len(kernel) != rank:
        raise node.unsupported(f"{list(kernel)} for {rank} spatial axes", "kernel_shape")
    auto = auto_pad(node)
    pads = [int(pad) for pad in node.attr("pads") or [0] * 2 * rank]
    if len(pads) != 2 * rank or min(pads, default=0) < 0:
        raise node.unsupported(f"{pads} isn't two non-negative numbers per spatial axis", "pads")
    if auto != "NOTSET" and any(pads):
        raise node.unsupported("can't stand together with auto_pad", "pads")
    ceil = bool(node.attr("ceil_mode", 0)) if node.declares("ceil_mode") else False
    found = []
    for axis, (size, taps) in enumerate(zip(spatial, kernel, strict=True)):
        span = dilations[axis] * (taps - 1) + 1
        low, high = pads[axis], pads[axis + rank]
        if auto.startswith("SAME"):
            total = max((-(-size // strides[axis]) - 1) * strides[axis] + span - size, 0)
            low = total // 2 if auto == "SAME_UPPER" else total - total // 2
            high = total - low
        found.append(_axis(node, size, taps, strides[axis], dilations[axis], low, high, ceil and auto == "NOTSET"))
    return found


def _axis(
    node: NodeContext, size: int, taps: int, stride: int, dilation: int, low: int, high: int, ceil: bool
) -> AxisWindows:
    span = dilation * (taps - 1) + 1
    room = size + low + high - span
    if room < 0:
        raise node.unsupported(f"a window of {span} doesn't fit {size} elements and their padding", "kernel_shape")
    count = room // stride + 1
    if ceil and room % stride:
        # One more window, unless it would start behind the data and its left padding. Before opset 22 the standard
        # doesn't say so, but onnxruntime and onnx's shape inference do.
        count += (count * stride) < size + low
    if count * taps > MAX_CONSTANT:
        raise node.unsupported(
            f"{count} windows of {taps} elements; up to {MAX_CONSTANT} together are supported", "pads"
        )
    reach = (count - 1) * stride + span
    return AxisWindows(size, taps, stride, dilation, low, high, max(0, reach - size - low - high), count)


def per_axis(node: NodeContext, name: str, rank: int, default: int = 1) -> list[int]:
    """An attribute with one positive number per spatial axis."""
    if not node.declares(name):
        return [default] * rank
    found = [int(item) for item in node.attr(name) or [default] * rank]
    if len(found) != rank or min(found, default=1) < min(default, 1):
        raise node.unsupported(f"{found} for {rank} spatial axes", name)
    return found


def auto_pad(node: NodeContext) -> str:
    """The attribute auto_pad, known to be one that exists."""
    auto = str(node.attr("auto_pad", "NOTSET"))
    if auto not in _AUTO:
        raise node.unsupported(f"{auto!r} is none of {', '.join(_AUTO)}", "auto_pad")
    return auto


def padded_sides(axes: list[AxisWindows]) -> tuple[list[int], list[int]]:
    """Low and high padding of (N, C, *S), with the overhang."""
    return [0, 0, *(axis.low for axis in axes)], [0, 0, *(axis.high + axis.overhang for axis in axes)]
