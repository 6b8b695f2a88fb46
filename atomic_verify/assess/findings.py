"""What calibration found, as data: of each output and of the model.

*Drift*: the distance of the execution graph's outputs from their meaning. *Plain drift*: that of the ONNX file's own
outputs, in float32. *Expected*, *gain*: see `sensitivity`. *Margin*: the worst plain drift, at least 2^-24 of the
output's largest element, over the most that the gradient-sign attack gains inside the laws' tolerances, both over all
items attacked.
Worst over worst, since a liar chooses its item: what counts is whether the laws' slack, at its very largest, is small
beside what honest float32 does to the model anyway. *Item margin*: the least such ratio on one and the same item; it is
smaller where float32 happened to be lucky, and is for information.
"""

from dataclasses import dataclass
from typing import Any

from atomic_verify.assess.tolerances import Tolerances
from atomic_verify.models.parts import CalibrationEntry, OutputMeasure

LEAST_MARGIN = 1e4
FLOOR = 2.0**-24
LARGEST = 1e300
"""What an infinite measure counts as: JSON has no infinity."""


@dataclass(slots=True)
class Measured:
    """One float output over all items so far; distances in the output's unit."""

    drift: float = 0.0
    excess: float = 0.0
    plain_drift: float = 0.0
    mismatches: int = 0
    expected: float = 0.0
    gain: float = 0.0
    attacked: float = 0.0
    """The worst plain drift, or its floor, of the items attacked."""
    item_margin: float | None = None

    def attack(self, gain: float, expected: float, plain_drift: float, largest: float) -> None:
        """Take the attack on one item into account; `largest` is the output's largest absolute element."""
        floored, gain = min(max(plain_drift, FLOOR * largest), LARGEST), min(gain, LARGEST)
        self.attacked, self.gain = max(self.attacked, floored), max(self.gain, gain)
        self.expected = max(self.expected, expected)
        if gain > 0:
            self.item_margin = min(self.item_margin or LARGEST, floored / gain)

    @property
    def margin(self) -> float | None:
        """None where the laws leave no room at all."""
        return min(self.attacked / self.gain, LARGEST) if self.gain > 0 else None


@dataclass(frozen=True, slots=True)
class OutputFindings:
    """What was measured of one output. Integer outputs have mismatches only, and no tolerances."""

    name: str
    drift: float = 0.0
    expected: float = 0.0
    plain_drift: float = 0.0
    mismatches: int = 0
    gain: float = 0.0
    margin: float | None = None
    item_margin: float | None = None
    tolerances: Tolerances | None = None

    def to_json(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in self.__slots__ if name != "tolerances"}
        return found | (self.tolerances.to_json() if self.tolerances else {})

    def measure(self) -> OutputMeasure:
        """As a manifest has it: three digits, as far as people read."""
        margin, item_margin = (None if one is None else _brief(one) for one in (self.margin, self.item_margin))
        return OutputMeasure(
            name=self.name,
            drift=_brief(self.drift),
            expected=_brief(self.expected),
            plain_drift=_brief(self.plain_drift),
            gain=_brief(self.gain),
            margin=margin,
            item_margin=item_margin,
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """The report. `void_only` models may be voided, never slashed, for these reasons."""

    onnx_sha256: str
    execution_sha256: str
    hardened: tuple[str, ...]
    ranges: tuple[tuple[str, float, float], ...]
    """Of each input: name, smallest and largest element."""
    outputs: tuple[OutputFindings, ...]
    reasons: tuple[str, ...]
    worst: tuple[tuple[str, float], ...]
    """The worst plain drift that the search found, by family."""
    runs: tuple[str, ...]
    items: int
    evaluations: int
    seed: int
    seconds: float

    @property
    def void_only(self) -> bool:
        return bool(self.reasons)

    @property
    def margin(self) -> float | None:
        """The worst output's soundness margin; None without float outputs."""
        return min((one.margin for one in self.outputs if one.margin is not None), default=None)

    @property
    def is_sound(self) -> bool:
        """Whether the margin is as large as every published model's must be."""
        return self.margin is None or self.margin >= LEAST_MARGIN

    def entry(self) -> CalibrationEntry:
        """As a manifest has it."""
        return CalibrationEntry(
            seed=self.seed,
            evaluations=self.evaluations,
            items=self.items,
            ways=self.runs,
            hardened=len(self.hardened),
            outputs=tuple(one.measure() for one in self.outputs),
        )

    def to_json(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {
            "outputs": [one.to_json() for one in self.outputs],
            "hardened": list(self.hardened),
            "ranges": {name: [low, high] for name, low, high in self.ranges},
            "reasons": list(self.reasons),
            "worst": [{"family": family, "drift": drift} for family, drift in self.worst],
            "runs": list(self.runs),
            "void_only": self.void_only,
            "margin": self.margin,
            "is_sound": self.is_sound,
        }


def _brief(value: float) -> float:
    return float(f"{min(value, LARGEST):.3g}")
