"""`atomic model calibrate`: how far may honest workers lie from what a model means, and what could a liar gain?

Every item found (examples, random ones, what the adversarial search turns up) is evaluated by the canonical program and
run in every way that honest workers might. *Drift*: the distance of the execution graph's outputs from their meaning.
*Plain drift*: that of the ONNX file's own, in float32. *Margin*: the worst plain drift over all items, at least 2^-24
of the output's largest element, over the most that the gradient-sign attack gains inside the laws' tolerances. *Item
margin*: the least such ratio on one and the same item; it is smaller where float32 happened to be lucky.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import onnx

from atomic_verify.assess.drift import canonical_outputs
from atomic_verify.models.hardening import harden
from atomic_verify.assess.inputs import index_bounds, make_item
from atomic_verify.assess.runs import Run, all_runs, distance, one_run
from atomic_verify.assess.search import Found, Item, domains, search
from atomic_verify.assess.sensitivity import worst_gain
from atomic_verify.assess.tolerances import ROUNDING, Tolerances, tolerances
from atomic_verify.canonical.evaluate import PreparedProgram
from atomic_verify.canonical.lowering import Lowered, lower
from atomic_verify.canonical.program import Output
from atomic_verify.commitments.tensors import Array
from atomic_verify.execution.providers import Provider
from atomic_verify.execution.runtime import Runtime

LEAST_MARGIN = 1e4
FLOOR = 2.0**-24
RANDOM_ITEMS = 8
MARGIN_ITEMS = 4
"""Items per kind on which the attack is computed: it keeps whole traces."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is tried: scores computed by each of the two searches, and the seed."""

    evaluations: int = 1500
    seed: int = 7


@dataclass(frozen=True, slots=True)
class OutputFindings:
    """What was measured of one output. Integer outputs have mismatches only, and no tolerances."""

    name: str
    drift: float = 0.0
    plain_drift: float = 0.0
    mismatches: int = 0
    gain: float = 0.0
    margin: float | None = None
    item_margin: float | None = None
    tolerances: Tolerances | None = None

    def to_json(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in self.__slots__ if name != "tolerances"}
        return found | (self.tolerances.to_json() if self.tolerances else {})


@dataclass(frozen=True, slots=True)
class Calibration:
    """The report. `void_only` models may be voided, never slashed, for these reasons."""

    onnx_sha256: str
    execution_sha256: str
    hardened: tuple[str, ...]
    outputs: tuple[OutputFindings, ...]
    reasons: tuple[str, ...]
    worst: tuple[tuple[str, float], ...]
    """The worst plain drift that the search found, by family."""
    runs: tuple[str, ...]
    items: int
    seconds: float

    @property
    def void_only(self) -> bool:
        return bool(self.reasons)

    @property
    def margin(self) -> float | None:
        """The worst output's soundness margin; None without float outputs."""
        return min((one.margin for one in self.outputs if one.margin is not None), default=None)

    def to_json(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {
            "outputs": [one.to_json() for one in self.outputs],
            "hardened": list(self.hardened),
            "reasons": list(self.reasons),
            "worst": [{"family": family, "drift": drift} for family, drift in self.worst],
            "runs": list(self.runs),
            "void_only": self.void_only,
            "margin": self.margin,
            "is_sound": self.margin is None or self.margin >= LEAST_MARGIN,
        }


@dataclass(slots=True)
class _Measured:
    """One output over all items so far; distances in the output's unit."""

    drift: float = 0.0
    excess: float = 0.0
    plain_drift: float = 0.0
    mismatches: int = 0
    gain: float = 0.0
    largest: float = 0.0
    item_margin: float | None = None

    @property
    def margin(self) -> float | None:
        return max(self.plain_drift, FLOOR * self.largest) / self.gain if self.gain > 0 else None


class Calibrator:
    """Calibrates one model. `providers` are those that this machine really has."""

    def __init__(
        self,
        graph: bytes,
        shapes: Mapping[str, Sequence[int]],
        runtime: Runtime,
        providers: Sequence[Provider] = (Provider.CPU,),
        progress: Progress = lambda _: None,
    ) -> None:
        """Lowers and hardens the model and opens its sessions. Raises Unsupported, SessionRefused."""
        self._progress = progress
        progress("lowering")
        self.lowered: Lowered = lower(graph, shapes)
        self._program = PreparedProgram(self.lowered.program)
        self._model = onnx.load_model_from_string(graph)
        self.hardened = harden(self._model)
        self._graph = graph
        progress("opening sessions")
        self._plain = one_run(runtime, graph)
        self._runs: Sequence[Run] = all_runs(runtime, self._execution, providers)
        self._domains = domains(self.lowered.program.inputs, index_bounds(self._model))

    @property
    def _execution(self) -> bytes:
        return self.hardened.graph if self.hardened.nodes else self._graph

    def search_plain(self, effort: Effort, examples: Sequence[Item] = ()) -> list[Found]:
        """Items on which the ONNX file itself drifts in float32. Hardened execution stands in for the meaning."""

        def score(item: Item) -> float:
            other = self._runs[0](item) if self.hardened.nodes else canonical_outputs(self._program, item)
            return distance(self._plain(item), other)

        rng = np.random.default_rng(effort.seed)
        return search(self._domains, score, rng, effort.evaluations, examples, self._progress)

    def search_execution(self, effort: Effort, examples: Sequence[Item] = ()) -> list[Found]:
        """Items on which the execution graph drifts from the canonical program."""

        def score(item: Item) -> float:
            return distance(self._runs[0](item), canonical_outputs(self._program, item))

        rng = np.random.default_rng(effort.seed + 1)
        return search(self._domains, score, rng, effort.evaluations, examples, self._progress)

    def calibrate(self, effort: Effort, examples: Sequence[Item] = ()) -> Calibration:
        """Searches, measures, and decides."""
        began = time.perf_counter()
        rng = np.random.default_rng(effort.seed)
        usual = [*examples, *(make_item(self._model, self.lowered.program.inputs, rng) for _ in range(RANDOM_ITEMS))]
        plain = self.search_plain(effort, examples)
        hard = self.search_execution(effort, [found.item for found in plain[:4]]) if self.hardened.nodes else []
        measured = {output.name: _Measured() for output in self.lowered.program.outputs}
        sizes: dict[str, list[float]] = {name: [] for name in measured}
        odd = [found.item for found in (*plain, *hard)]
        for number, item in enumerate([*usual, *odd]):
            self._progress(f"measuring item {number + 1} of {len(usual) + len(odd)}")
            meant = self._measure(item, measured)
            if number < len(usual):
                for name, values in meant.items():
                    sizes[name].append(float(np.max(np.abs(values), initial=0.0)))
        for number, item in enumerate([*usual[:MARGIN_ITEMS], *odd[:MARGIN_ITEMS]]):
            self._progress(f"attacking item {number + 1}")
            self._attack(item, measured)
        outputs = tuple(_findings(one, measured[one.name], sizes[one.name]) for one in self.lowered.program.outputs)
        return Calibration(
            onnx_sha256=sha256(self._graph).hexdigest(),
            execution_sha256=sha256(self._execution).hexdigest(),
            hardened=self.hardened.nodes,
            outputs=outputs,
            reasons=tuple(_reasons(self.lowered, outputs)),
            worst=tuple((found.family, found.score) for found in plain),
            runs=tuple(run.name for run in self._runs),
            items=len(usual) + len(odd),
            seconds=time.perf_counter() - began,
        )

    def _measure(self, item: Item, measured: Mapping[str, _Measured]) -> dict[str, Array]:
        """Runs an item in every way; returns what it means."""
        meant = canonical_outputs(self._program, item)
        plain = self._plain(item)
        found = [run(item) for run in self._runs]
        for output in self.lowered.program.outputs:
            one, canonical = measured[output.name], meant[output.name]
            if output.dtype not in ROUNDING:
                differing = [int(np.count_nonzero(run[output.name] != canonical)) for run in found]
                one.mismatches = max(one.mismatches, *differing)
                continue
            one.plain_drift = max(one.plain_drift, distance({"": plain[output.name]}, {"": canonical}))
            for run in found:
                away = np.abs(run[output.name].astype(np.float64) - canonical)
                away = np.where(np.isnan(away), np.inf, away)
                beyond = away - ROUNDING[output.dtype] * np.abs(canonical)
                one.drift = max(one.drift, float(np.max(away, initial=0.0)))
                one.excess = max(one.excess, float(np.max(beyond, initial=0.0)))
        return meant

    def _attack(self, item: Item, measured: Mapping[str, _Measured]) -> None:
        plain = self._plain(item)
        with self._program.evaluate(item) as trace:
            meant = trace.outputs()
            for number, output in enumerate(self.lowered.program.outputs):
                if output.dtype not in ROUNDING or not output.spec.elements:
                    continue
                one, canonical = measured[output.name], meant[output.name]
                gain = worst_gain(trace, number)
                drift = distance({"": plain[output.name]}, {"": canonical})
                largest = float(np.max(np.abs(canonical)))
                one.gain, one.largest = max(one.gain, gain), max(one.largest, largest)
                if gain > 0:
                    margin = max(drift, FLOOR * largest) / gain
                    one.item_margin = margin if one.item_margin is None else min(one.item_margin, margin)


def _findings(output: Output, one: _Measured, sizes: Sequence[float]) -> OutputFindings:
    if output.dtype not in ROUNDING:
        return OutputFindings(output.name, mismatches=one.mismatches)
    usual = float(np.median(sizes)) if sizes else 0.0
    return OutputFindings(
        name=output.name,
        drift=one.drift,
        plain_drift=one.plain_drift,
        gain=one.gain,
        margin=one.margin,
        item_margin=one.item_margin,
        tolerances=tolerances(output.dtype, one.excess, one.gain, usual),
    )


def _reasons(lowered: Lowered, outputs: Sequence[OutputFindings]) -> list[str]:
    """Why the model can be voided only; nothing if it can be slashed."""
    reasons = [f"a float decides: {one}" for one in lowered.discontinuities]
    for one in outputs:
        if one.mismatches:
            reasons.append(f"output {one.name!r}: {one.mismatches} integer elements differ from what they mean")
        if one.tolerances is not None and not one.tolerances.covers:
            reasons.append(f"output {one.name!r}: a drift of {one.drift:.3g} remains above accept/4")
    return reasons
