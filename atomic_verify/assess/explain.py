"""`atomic model explain`: what a model means, as a list of steps that people can read, and as a picture of its graph.

The list says of each step what it computes from what, how large it is, and which ONNX node it came from. The picture is
an SVG of the ONNX nodes in layers, each with the number of its steps and the bytes of its traces.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import onnx

from atomic_verify.canonical.lowering import Lowered
from atomic_verify.canonical.program import Opcode, Operand, Program, Source, Step

COLUMN, ROW, BOX, LINE = 190, 74, (170, 46), 14
"""Pixels between columns and rows, of a box, and of a line of text."""
MAX_LABEL = 26


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One step in words."""

    number: int
    what: str
    type: str
    reads: str
    bytes: int
    node: str

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def explain(program: Program) -> tuple[ExplainedStep, ...]:
    """Every step in words, in order."""
    return tuple(_explained(program, number, step) for number, step in enumerate(program.steps))


def _explained(program: Program, number: int, step: Step) -> ExplainedStep:
    what = step.function.name.lower() if step.opcode is Opcode.MAP else step.opcode.name.lower()
    if step.reduction:
        what += f" of {step.terms}"
    named = [output.name for output in program.outputs if output.step == number]
    shape = ",".join(map(str, step.shape))
    return ExplainedStep(
        number=number,
        what=what + "".join(f" -> {name}" for name in named),
        type=f"{step.dtype.numpy.name}[{shape}]",
        reads=", ".join(_operand(program, operand) for operand in step.operands),
        bytes=step.nbytes,
        node=step.node,
    )


def _operand(program: Program, operand: Operand) -> str:
    match operand.source:
        case Source.IMMEDIATE:
            return f"{operand.fill:g}"
        case Source.INPUT:
            found = program.inputs[operand.tensor].name
        case Source.WEIGHT:
            found = f"weight {operand.tensor}"
        case _:
            found = f"{operand.tensor}"
    return found + (f" or {operand.fill:g}" if operand.guards else "")


def picture(model: onnx.ModelProto, lowered: Lowered) -> str:
    """The graph as SVG: a box for each ONNX node, in layers from the inputs down."""
    nodes = list(model.graph.node)
    places = _places(nodes)
    steps, sizes = Counter[str](), Counter[str]()
    for step in lowered.program.steps:
        steps[step.node] += 1
        sizes[step.node] += step.nbytes
    producers = {output: number for number, node in enumerate(nodes) for output in node.output if output}
    lines = [
        _line(places[producers[name]], places[number])
        for number, node in enumerate(nodes)
        for name in dict.fromkeys(node.input)
        if name in producers
    ]
    boxes = [
        _box(places[number], node, node.name or f"{node.op_type}#{number}", steps, sizes)
        for number, node in enumerate(nodes)
    ]
    width = COLUMN * (1 + max((x for x, _ in places), default=0))
    height = ROW * (1 + max((y for _, y in places), default=0))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif">'
    return "\n".join([head, *lines, *boxes, "</svg>", ""])


def _places(nodes: Sequence[onnx.NodeProto]) -> list[tuple[int, int]]:
    """Column and layer of each node; a node's layer is below all that it reads. ONNX lists nodes in order."""
    layers: dict[str, int] = {}
    taken: Counter[int] = Counter()
    places = []
    for node in nodes:
        layer = 1 + max((layers.get(name, -1) for name in node.input), default=-1)
        layers.update(dict.fromkeys(node.output, layer))
        places.append((taken[layer], layer))
        taken[layer] += 1
    return places


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    (x1, y1), (x2, y2) = ((COLUMN * x + COLUMN // 2, ROW * y) for x, y in (start, end))
    y1, y2 = y1 + (ROW + BOX[1]) // 2, y2 + (ROW - BOX[1]) // 2
    middle = (y1 + y2) // 2
    return f'<path d="M{x1},{y1} C{x1},{middle} {x2},{middle} {x2},{y2}" fill="none" stroke="#999"/>'


def _box(place: tuple[int, int], node: onnx.NodeProto, label: str, steps: Counter[str], sizes: Counter[str]) -> str:
    """A node's box; `label` is how its steps name it."""
    count = steps[label]
    below = f"{count} steps, {sizes[label]:,} bytes" if count else "no step"
    x, y = COLUMN * place[0] + (COLUMN - BOX[0]) // 2, ROW * place[1] + (ROW - BOX[1]) // 2
    shown = label if len(label) <= MAX_LABEL else "…" + label[1 - MAX_LABEL :]
    middle = x + BOX[0] // 2
    texts = [
        f'<text x="{middle}" y="{y + LINE * (row + 1)}" text-anchor="middle" font-size="{size}">{escape(text)}</text>'
        for row, (text, size) in enumerate(((node.op_type, 12), (shown, 9), (below, 9)))
    ]
    rectangle = f'<rect x="{x}" y="{y}" width="{BOX[0]}" height="{BOX[1]}" rx="6" fill="#eef3fb" stroke="#47689b"/>'
    return rectangle + "".join(texts)
