"""A small real model, a job's inputs and results, and what claims, refutations and answers about them are made of.

The model's program has three steps of four elements: y = |x + x|. Item 0 is right, item 1 lies beyond accept, item 2
beyond slash. A *lie* is a trace with one element changed.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from atomic_verify.canonical.evaluate import Keep, evaluate
from atomic_verify.canonical.evidence import Case
from atomic_verify.canonical.identity import ProgramIdentity, identity_of
from atomic_verify.canonical.lowering import lower
from atomic_verify.canonical.program import Program
from atomic_verify.commitments import MISSING, Batch, Digest, TensorTree, UpperTree
from atomic_verify.protocol.distance import outcome_of
from atomic_verify.protocol.ids import model_id
from atomic_verify.protocol.job_types import Outcome
from atomic_verify.protocol.types import Answer as GivenAnswer
from atomic_verify.protocol.types import (
    ClaimTerms,
    CriticalStep,
    Demand,
    Exhibit,
    JobId,
    ModelId,
    ModelSpec,
    Opening,
    OutputTolerance,
    Run,
    StepProof,
    Subject,
    TensorSig,
    Tolerance,
    float_bits,
)
from tests.support.onnx_graphs import make, node

ITEMS = 3
SHIFTS = (0.0, 0.5, 4.0)
"""How far each item's first element lies from its canonical value."""
CLOSE = OutputTolerance(Tolerance(float_bits(0.25), 0), Tolerance(float_bits(1.0), 0))
Place = tuple[int, int]


@dataclass(frozen=True)
class Material:
    """Everything about one job's data. The same for all jobs of the model."""

    program: Program
    identity: ProgramIdentity
    void_only: bool = False

    @cached_property
    def spec(self) -> ModelSpec:
        found = self.identity
        digest = Digest((b"\x02" if self.void_only else b"\x01") * 32)
        inputs, outputs = (
            tuple(TensorSig(spec.name, int(spec.dtype), spec.shape) for spec in specs)
            for specs in (found.inputs, found.outputs)
        )
        return ModelSpec(
            found.program_root,
            found.weights_root,
            found.lowering_version,
            found.steps,
            found.weight_count,
            found.depth,
            self.void_only,
            digest,
            digest,
            inputs,
            outputs,
            (CLOSE,),
            CriticalStep.none(),
        )

    @property
    def model_id(self) -> ModelId:
        return model_id(self.spec)

    @cached_property
    def inputs(self) -> Batch:
        values = np.arange(ITEMS * 4, dtype=np.float32) / 3 - 1
        return Batch.from_payload(self.identity.inputs, ITEMS, values.tobytes())

    @cached_property
    def cases(self) -> list[Case]:
        """The true evaluation of each item."""
        traces = [evaluate(self.program, self.inputs.item(item), Keep.ALL) for item in range(ITEMS)]
        return [Case(self.program, trace) for trace in traces]

    @cached_property
    def results(self) -> Batch:
        """What the worker commits."""
        payload = b""
        for item, shift in enumerate(SHIFTS):
            trace = evaluate(self.program, self.inputs.item(item), Keep.ALL)
            values = next(iter(trace.answer().values())).reshape(-1).astype(np.float32)
            values[0] += np.float32(shift)
            payload += values.tobytes()
        return Batch.from_payload(self.identity.outputs, ITEMS, payload)

    @property
    def last(self) -> int:
        """The output's step."""
        return self.program.outputs[0].step

    def lie(self, item: int, step: int, element: int, by: float) -> tuple[Case, frozenset[Place]]:
        """A trace with one element changed by `by`, and where it then breaks its laws."""
        trace = evaluate(self.program, self.inputs.item(item), Keep.ALL)
        value = float(trace.tensor(step).reshape(-1)[element])
        case = self.cases[item].falsified(step, element, value + by)
        readers = {(step + 1, element)} if step < self.last else set()
        return case, frozenset({(step, element)} | readers)

    def outcome(self, item: int, case: Case, element: int = 0) -> Outcome:
        """What a claim on an element of the item would bring about, by the package's own rule."""
        committed = bytes(self.results.item_payload(item))[4 * element : 4 * element + 4]
        leaves = case.open_elements(self.last, element, 1).leaves
        bits = int.from_bytes(leaves[8 * element : 8 * element + 8], "little")
        dtype = self.identity.outputs[0].dtype
        return outcome_of(dtype, committed, bits, CLOSE, void_only=self.void_only)

    def terms(self, job: JobId, item: int, case: Case) -> ClaimTerms:
        return ClaimTerms(job, item, 0, 0, case.root, Digest(b"\x05" * 32))

    def exhibit(self, item: int, case: Case) -> Exhibit:
        """What a claim on the item's first element shows."""
        committed = self.results.open_elements(item, 0, 0, 1)
        return Exhibit(
            outputs_record=case.outputs_record,
            outputs_path=case.record_path(len(self.program.steps)),
            committed=Opening(committed.leaves.data, committed.leaves.proof, committed.tensor_proof),
            item_path=committed.item_proof,
            canonical=_opened(case, self.last),
            inputs=self.inputs.item_root(item),
            inputs_path=tuple(self.inputs.open_item(item)),
        )

    def step_proof(self, step: int) -> StepProof:
        return StepProof(self.cases[0].record(step), self.cases[0].record_path(step))

    def answer(self, demand: Demand, case: Case | None) -> GivenAnswer:
        """The answer to a demand; `case` is the claim's if it asks for a trace."""
        if demand.subject is Subject.TRACE:
            assert case is not None
            return GivenAnswer(tuple(_opened(case, run.tensor) for run in demand.runs), MISSING, ())
        batch = self.results if demand.subject is Subject.RESULT else self.inputs
        trees = [TensorTree(spec, data) for spec, data in batch.signature.split(batch.item_payload(demand.item))]
        upper = UpperTree([tree.root for tree in trees])
        leaves = [trees[run.tensor].open_leaves(run.first, run.count) for run in demand.runs]
        openings = tuple(
            Opening(found.data, found.proof, tuple(upper.open(run.tensor)))
            for found, run in zip(leaves, demand.runs, strict=True)
        )
        return GivenAnswer(openings, upper.root, tuple(batch.open_item(demand.item)))


def material(*, void_only: bool = False) -> Material:
    """The model, lowered from its ONNX graph."""
    lowered = lower(make([node("Add", ["x", "x"], ["d"]), node("Abs", ["d"], ["y"])]))
    return Material(lowered.program, identity_of(lowered), void_only)


def run_of(step: int) -> Run:
    """The one leaf of a tensor of the model."""
    return Run(step, 0, 1, 1)


def _opened(case: Case, step: int) -> Opening:
    found = case.open_leaves(step, 0, 1)
    return Opening(found.leaves, found.proof, found.path)
