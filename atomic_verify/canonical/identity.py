"""What of an ONNX file stands on the chain: roots and counts of its canonical program, derived by anybody alike.

Life cycle: when a model is prepared, and again by everybody who relies on it. Anyone can publish any roots beside any
file, so workers, watchers and gateways use only models whose roots they derived themselves. *Depth*: how many steps the
longest chain of steps has, each of which reads the one before; it bounds the rounds of an exchange over a trace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from atomic_verify.canonical.lowering import LOWERING_VERSION, Lowered, lower
from atomic_verify.canonical.program import Program, Source
from atomic_verify.canonical.records import program_root, weights_root
from atomic_verify.commitments import TensorSpec
from atomic_verify.commitments.digests import Digest


@dataclass(frozen=True, slots=True)
class ProgramIdentity:
    """A canonical program as the chain knows it, the signature it was lowered for, and where floats decide."""

    lowering_version: int
    program_root: Digest
    weights_root: Digest
    """32 zero bytes if there are no weights."""
    steps: int
    weight_count: int
    depth: int
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    decisions: tuple[str, ...]
    """Each place where a float decides, in words: such a model is void-only."""


def derive(onnx: bytes, shapes: Mapping[str, Sequence[int]] | None = None) -> ProgramIdentity:
    """The identity of an ONNX file's program; `shapes` gives the shapes of inputs that the file leaves open, by name.

    A stranger's file may ask for any amount of memory and time: derive it behind walls. Raises Unsupported.
    """
    return identity_of(lower(onnx, shapes))


def identity_of(lowered: Lowered) -> ProgramIdentity:
    """The identity of a model that is lowered already."""
    program = lowered.program
    return ProgramIdentity(
        lowering_version=LOWERING_VERSION,
        program_root=program_root(program),
        weights_root=weights_root(program),
        steps=len(program.steps),
        weight_count=len(program.weights),
        depth=depth(program),
        inputs=program.inputs,
        outputs=tuple(output.spec for output in program.outputs),
        decisions=tuple(str(one) for one in lowered.discontinuities),
    )


def depth(program: Program) -> int:
    """How many steps the longest chain has; 0 of a program without steps."""
    depths: list[int] = []
    for step in program.steps:
        read = (depths[operand.tensor] for operand in step.operands if operand.source is Source.STEP)
        depths.append(1 + max(read, default=0))
    return max(depths, default=0)
