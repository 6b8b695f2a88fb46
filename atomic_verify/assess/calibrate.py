"""`atomic model calibrate`: how far may honest workers lie from what a model means, and what could a liar gain?

Every item found (examples, random ones, what the adversarial search turns up) is evaluated by the canonical program and
run in every way that honest workers might; on the worst and on some usual ones the gradient-sign attack is computed.
`findings` says what the numbers are.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import onnx

from atomic_verify.assess.drift import canonical_outputs
from atomic_verify.assess.findings import Calibration, Measured, OutputFindings
from atomic_verify.assess.inputs import Range, make_item, ranges_of
from atomic_verify.assess.runs import Run, all_runs, distance, one_run
from atomic_verify.assess.search import Found, Item, domains, search
from atomic_verify.assess.sensitivity import worst_movement
from atomic_verify.assess.tolerances import ROUNDING, tolerances
from atomic_verify.canonical.evaluate import PreparedProgram
from atomic_verify.canonical.lowering import Lowered, lower
from atomic_verify.canonical.program import Output
from atomic_verify.commitments.tensors import Array
from atomic_verify.execution.providers import Provider
from atomic_verify.execution.runtime import Runtime
from atomic_verify.models.hardening import harden

RANDOM_ITEMS = 8
MARGIN_ITEMS = 4
"""Items per kind on which the attack is computed: it keeps whole traces."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is tried: scores computed by each of the two searches, and the seed."""

    evaluations: int = 1500
    seed: int = 7


class Calibrator:
    """Calibrates one model. `providers` are those that this machine really has."""

    def __init__(
        self,
        graph: bytes,
        shapes: Mapping[str, Sequence[int]],
        runtime: Runtime,
        providers: Sequence[Provider] = (Provider.CPU,),
        progress: Progress = lambda _: None,
        ranges: Mapping[str, Range] | None = None,
    ) -> None:
        """Lowers and hardens the model and opens its sessions. Ranges of inputs that aren't given are found out.

        Raises Unsupported, SessionRefused.
        """
        self._progress = progress
        progress("lowering")
        self.lowered: Lowered = lower(graph, shapes)
        self._program = PreparedProgram(self.lowered.program)
        self._model = onnx.load_model_from_string(graph)
        self.hardened = harden(self._model)
        self._graph = graph
        progress("opening sessions")
        self._plain = one_run(runtime, graph)
        self._runs: Sequence[Run] = all_runs(runtime, self.execution, providers)
        self.ranges = ranges_of(self._model, self.lowered.program.inputs, ranges)
        self._domains = domains(self.lowered.program.inputs, self.ranges)

    @property
    def execution(self) -> bytes:
        """The execution graph: the ONNX file itself where nothing cancels."""
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
        inputs = self.lowered.program.inputs
        drawn = [make_item(self._model, inputs, rng, self.ranges) for _ in range(RANDOM_ITEMS)]
        usual = [*examples, *drawn]
        plain = self.search_plain(effort, examples)
        hard = self.search_execution(effort, [found.item for found in plain[:4]]) if self.hardened.nodes else []
        measured = {output.name: Measured() for output in self.lowered.program.outputs}
        sizes: dict[str, list[float]] = {name: [] for name in measured}
        odd = [found.item for found in (*plain, *hard)]
        for number, item in enumerate([*usual, *odd]):
            self._progress(f"measuring item {number + 1} of {len(usual) + len(odd)}")
            meant = self._measure(item, measured)
            if number < len(usual):
                for name, values in meant.items():
                    sizes[name].append(float(np.max(np.abs(values), initial=0.0)))
        attacked = [*usual[:MARGIN_ITEMS], *(found.item for one in (plain, hard) for found in one[:MARGIN_ITEMS])]
        for number, item in enumerate(attacked):
            self._progress(f"attacking item {number + 1}")
            self._attack(item, measured)
        outputs = tuple(_findings(one, measured[one.name], sizes[one.name]) for one in self.lowered.program.outputs)
        return Calibration(
            onnx_sha256=sha256(self._graph).hexdigest(),
            execution_sha256=sha256(self.execution).hexdigest(),
            hardened=self.hardened.nodes,
            ranges=tuple((spec.name, *self.ranges[spec.name]) for spec in inputs),
            outputs=outputs,
            reasons=tuple(_reasons(self.lowered, outputs)),
            worst=tuple((found.family, found.score) for found in plain),
            runs=tuple(run.name for run in self._runs),
            items=len(usual) + len(odd),
            evaluations=effort.evaluations,
            seed=effort.seed,
            seconds=time.perf_counter() - began,
        )

    def _measure(self, item: Item, measured: Mapping[str, Measured]) -> dict[str, Array]:
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

    def _attack(self, item: Item, measured: Mapping[str, Measured]) -> None:
        plain = self._plain(item)
        with self._program.evaluate(item) as trace:
            meant = trace.outputs()
            for number, output in enumerate(self.lowered.program.outputs):
                if output.dtype not in ROUNDING or not output.spec.elements:
                    continue
                canonical = meant[output.name]
                found = worst_movement(trace, number, self.hardened.nodes, ROUNDING[output.dtype])
                drift = distance({"": plain[output.name]}, {"": canonical})
                measured[output.name].attack(found.gain, found.expected, drift, float(np.max(np.abs(canonical))))


def _findings(output: Output, one: Measured, sizes: Sequence[float]) -> OutputFindings:
    if output.dtype not in ROUNDING:
        return OutputFindings(output.name, mismatches=one.mismatches)
    usual = float(np.median(sizes)) if sizes else 0.0
    return OutputFindings(
        name=output.name,
        drift=one.drift,
        expected=one.expected,
        plain_drift=one.plain_drift,
        gain=one.gain,
        margin=one.margin,
        item_margin=one.item_margin,
        tolerances=tolerances(output.dtype, one.excess, one.expected, one.gain, usual),
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
