"""What is proven of an item: public instances and decision, as contracts/src/Proofs.sol computes them.

Life cycle: prove, commit, receipt. *Instances* are what a proof is about: the quanta of what the circuit reads, then
those of its scores, as field elements. The *decision* is the index of the largest score; it is *certain* if its lead
over the second is above the margin within which the model's canonical evaluation might decide otherwise, and nothing
that the circuit read was cut.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from atomic_verify.protocol.model_types import CriticalKind, CriticalStep, ModelSpec, TensorSig
from atomic_verify.protocol.quanta import Floats, Quanta, field_of, is_cut, quantise, whole

ITEM_BITS = 32
CERTAIN = 1 << 31


@dataclass(frozen=True, slots=True)
class Decision:
    """What was proven of one item."""

    index: int
    """Of the largest score; a tie is the lower index's."""
    is_certain: bool


@dataclass(frozen=True, slots=True)
class Proven:
    """One item's instances and decision."""

    instances: tuple[int, ...]
    decision: Decision


def proven_of(step: CriticalStep, read: Floats, scores: Floats) -> Proven:
    """What a proof must be about that the circuit gives `scores` for what it reads. Raises NotWholeQuanta."""
    given = whole(scores.reshape(-1), step.output_scale)
    taken = quantise(read.reshape(-1), step.input_scale, step.limit)
    instances = tuple(field_of(int(one)) for one in (*taken, *given))
    decision = decide(given, step.certain_margin)
    if is_cut(read, step.input_scale, step.limit):
        decision = Decision(decision.index, is_certain=False)
    return Proven(instances, decision)


def decide(scores: Quanta, certain_margin: int) -> Decision:
    """The decision that two scores or more make."""
    index = int(np.argmax(scores))
    second = int(np.max(np.delete(scores, index)))
    return Decision(index, int(scores[index]) - second > certain_margin)


def pack(decisions: Sequence[Decision]) -> int:
    """Decisions as the event `Proven` has them: 32 bits for each item, the first lowest."""
    return sum((one.index | CERTAIN * one.is_certain) << at * ITEM_BITS for at, one in enumerate(decisions))


def unpack(packed: int, count: int) -> tuple[Decision, ...]:
    """The first `count` decisions of a packed word."""
    words = [packed >> at * ITEM_BITS & (1 << ITEM_BITS) - 1 for at in range(count)]
    return tuple(Decision(word & ~CERTAIN, bool(word & CERTAIN)) for word in words)


def read_tensor(spec: ModelSpec) -> TensorSig:
    """The tensor that a model's circuit reads: the first output of a head, the input of a whole model."""
    return spec.outputs[0] if spec.critical.kind is CriticalKind.HEAD else spec.inputs[0]


def scores_tensor(spec: ModelSpec) -> TensorSig:
    """The tensor that a model's circuit gives."""
    return spec.outputs[-1]
