"""What lying workers commit instead of what the model says. Pure but for the cheaper model, which onnxruntime runs.

Life cycle: execute. A *lie* gets a worker's honest work and gives the outputs that it will commit. Those that lie at a
certain distance from the meaning find it with the canonical program, as a skilled liar would.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic

from atomic_verify.canonical.evaluate import Keep, PreparedProgram
from atomic_verify.canonical.lowering import lower
from atomic_verify.commitments import Batch, encode_batch
from atomic_verify.commitments.tensors import Array
from atomic_verify.models.library import InstalledModel, read_pinned
from atomic_verify.models.tolerances import ToleranceEntry

Item = Mapping[str, Array]
QUANTISED: Final = ("MatMul", "Gemm", "Conv")


@dataclass(frozen=True)
class Work:
    """A batch that was executed honestly: its input and output payloads."""

    model: InstalledModel
    item_count: int
    input: bytes
    output: bytes

    @cached_property
    def items(self) -> list[Item]:
        """The inputs of each item."""
        batch = Batch.from_payload(self.model.manifest.input_specs, self.item_count, self.input)
        return [batch.item(number) for number in range(self.item_count)]

    @cached_property
    def outputs(self) -> list[dict[str, Array]]:
        """The honest outputs of each item."""
        batch = Batch.from_payload(self.model.manifest.output_specs, self.item_count, self.output)
        return [batch.item(number) for number in range(self.item_count)]

    def meaning(self, item: int) -> dict[str, Array]:
        """What the model means by the item's outputs, in float64 and int64."""
        manifest = self.model.manifest
        shapes = {spec.name: spec.shape for spec in manifest.input_specs}
        program = lower(read_pinned(self.model.directory, manifest.onnx), shapes).program
        with PreparedProgram(program).evaluate(self.items[item], Keep.OUTPUTS) as trace:
            return {name: np.array(array) for name, array in trace.outputs().items()}


Lie = Callable[[Work], Sequence[Item]]


def tell(lie: Lie, work: Work) -> bytes:
    """The payload that the lie makes of the work."""
    return encode_batch(work.model.manifest.output_specs, lie(work))


def cheaper_model(work: Work) -> list[Item]:
    """Runs a quantised model, a quarter of the size, instead of the one that was asked for."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "model.onnx", Path(folder) / "cheaper.onnx"
        source.write_bytes(work.model.executable().graph)
        quantize_dynamic(source, target, weight_type=QuantType.QUInt8, op_types_to_quantize=list(QUANTISED))
        session = onnxruntime.InferenceSession(target.read_bytes())
    names = [spec.name for spec in work.model.manifest.output_specs]
    return [dict(zip(names, session.run(names, dict(item)), strict=True)) for item in work.items]


def at_random(work: Work) -> list[Item]:
    """Makes up numbers that look like the model's: positive, and summing to one."""
    rng = np.random.default_rng(20)

    def made_up(like: Array) -> Array:
        drawn = rng.exponential(size=like.shape)
        return np.asarray(drawn / drawn.sum()).astype(like.dtype)

    return [{name: made_up(array) for name, array in item.items()} for item in work.outputs]


def moved(work: Work) -> list[Item]:
    """Moves one output of the last item by three times slash."""
    return _with_one_moved(work, work.item_count - 1, lambda accept, slash: 3 * slash)


def just_inside(work: Work) -> list[Item]:
    """Moves one output of the last item to just inside accept."""
    return _with_one_moved(work, work.item_count - 1, lambda accept, slash: accept * Fraction(19, 20))


def between(work: Work) -> list[Item]:
    """Moves one output of the last item to half way between accept and slash."""
    return _with_one_moved(work, work.item_count - 1, lambda accept, slash: (accept + slash) / 2)


LIES: Final[Mapping[str, Lie]] = {
    "cheaper-model": cheaper_model,
    "at-random": at_random,
    "moved": moved,
    "just-inside": just_inside,
    "between": between,
}


def distance(committed: float, meant: float) -> Fraction:
    """How far a committed number lies from the meant one, exactly."""
    return abs(Fraction(committed) - Fraction(meant))


def limit(tolerance: ToleranceEntry, meant: float) -> Fraction:
    """The distance that a tolerance allows, exactly."""
    return Fraction(tolerance.atol) + Fraction(tolerance.rtol) * abs(Fraction(meant))


def _with_one_moved(work: Work, item: int, how_far: Callable[[Fraction, Fraction], Fraction]) -> list[Item]:
    """The honest outputs with the largest element of one item's first output moved that far from its meaning."""
    entry = work.model.manifest.outputs[0]
    outputs: list[Item] = list(work.outputs)
    meant = work.meaning(item)[entry.name].reshape(-1)
    element = int(np.argmax(meant))
    value = float(meant[element])
    far = how_far(limit(entry.accept, value), limit(entry.slash, value))
    changed = np.array(outputs[item][entry.name])
    # Inwards, as a probability would be: the largest shrinks.
    changed.reshape(-1)[element] = float(Fraction(value) - far)
    outputs[item] = {**outputs[item], entry.name: changed}
    return outputs
