"""What the desks of a watching process work with, and where they get a job's data from.

Life cycle: challenge window, claim, line. Data comes from the blob store, from those who serve it, or, as the last
resort, from what was answered on the chain.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from atomic_verify.commitments import Batch, CommitmentError
from atomic_verify.errors import AtomicError
from atomic_verify.protocol.primitives import Address, JobId, ModelId
from atomic_verify.protocol.types import Subject
from atomic_verify.storage.decisions import Decision
from atomic_verify.storage.dispute_records import LineRecord
from atomic_verify.storage.queries import Queries
from atomic_verify.storage.records import ResultRecord
from prover.decisions import OwnDecisions
from prover.retention import FETCH, FETCHED, HELD
from prover.watching.cases import Case
from prover.watching.gather import Evidenced, Places, Source, gather_inputs, gather_outputs
from prover.watching.meanings import Meaning, Meanings
from prover.watching.metrics import WatchMetrics
from prover.watching.refuting import Shown
from prover.watching.sealed import ClaimLog
from prover.watching.shown import Data, Items, ShownItem

Execute = Callable[[ModelId, bytes, int, str], bytes]
"""The fast outputs of a model for an input payload: the items' number, the payload's digest."""


@dataclass(frozen=True, slots=True)
class Known:
    """Inputs and outputs of one item, each from wherever it could be had."""

    inputs: Items
    outputs: Items


@dataclass(slots=True)
class Workbench:
    """Shared by the desks; threads may share it."""

    account: Address | None
    """Who claims and answers; None for a process that only reports."""
    meanings: Meanings
    execute: Execute
    source: Source
    queries: Queries
    decisions: OwnDecisions
    claims: ClaimLog
    metrics: WatchMetrics
    log: Any
    clock: Callable[[], float]
    """Unix seconds, for records only."""
    wake: Callable[[], object] = lambda: None
    """Has the next look come at once."""
    tries: int = 5
    """Failures to fetch after which data counts as withheld."""
    seed: str = ""
    checkpoint: Callable[[str], None] = field(default=lambda step: None)
    kept: deque[tuple[JobId, str]] = field(default_factory=deque)
    """Blobs put into the store since they were last asked for; any thread adds, the loop takes."""

    def endpoint(self, account: Address) -> str | None:
        """What the account announced last."""
        found = self.queries.worker(account)
        return None if found is None else found.books.endpoint

    def places(self, case: Case) -> Places:
        """Where the job's data may be had."""
        return Places(case.record.input_uri, self.endpoint(result_of(case).worker))

    def stored(self, job: JobId, digest: str | None) -> None:
        """Puts on record that a blob was put into the store for a job: it is removed a while after the job is over."""
        if digest is not None:
            self.decisions.add(Decision(FETCH, job, HELD, FETCHED, self.clock(), {"digest": digest}))
            self.kept.append((job, digest))

    def taken(self) -> list[tuple[JobId, str]]:
        """The blobs that were put into the store since the last call."""
        return [self.kept.popleft() for _ in range(len(self.kept))]

    def whole(self, case: Case) -> Evidenced:
        """All the job's data. Raises what gathering raises; what there is of it is in the store then."""
        try:
            inputs = self.inputs(case)
        except AtomicError:
            with suppress(AtomicError):
                self.outputs(case)
            raise
        return Evidenced(inputs, self.outputs(case))

    def inputs(self, case: Case) -> Batch:
        """The job's whole input. Raises what `gather_inputs` raises."""
        signature = self.meaning(case).manifest.input_signature
        batch, digest = gather_inputs(case.record.rfp, self.places(case), signature, self.source)
        self.stored(case.job, digest)
        return batch

    def outputs(self, case: Case) -> Batch:
        """The whole committed result. Raises what `gather_outputs` raises."""
        signature = self.meaning(case).manifest.output_signature
        batch, digest = gather_outputs(case.record.rfp, result_of(case), self.places(case), signature, self.source)
        self.stored(case.job, digest)
        return batch

    def meaning(self, case: Case) -> Meaning:
        """The meaning of the job's model. Raises what `Meanings.of` raises."""
        return self.meanings.of(case.record.rfp.model_id)

    def item_data(self, case: Case, item: int) -> Data:
        """Inputs and outputs of one item, served or shown. Raises what gathering raises if it is neither."""
        return Known(self.item_inputs(case, item), self.item_outputs(case, item))

    def item_inputs(self, case: Case, item: int) -> Items:
        """The item's inputs, shown or served."""
        shown = self.shown(case, Subject.INPUT, item)
        return shown if shown.is_whole else self.inputs(case)

    def item_outputs(self, case: Case, item: int) -> Items:
        """The item's committed outputs, shown or served."""
        shown = self.shown(case, Subject.RESULT, item)
        return shown if shown.is_whole else self.outputs(case)

    def shown(self, case: Case, subject: Subject, item: int) -> ShownItem:
        """What answers showed of an item, to whomever. Raises what `Meanings.of` raises."""
        manifest, rfp = self.meaning(case).manifest, case.record.rfp
        is_input = subject is Subject.INPUT
        signature = manifest.input_signature if is_input else manifest.output_signature
        root = rfp.input_root if is_input else result_of(case).root
        found = ShownItem(signature, item, rfp.item_count, root)
        for line in case.lines:
            if (line.subject, line.item) == (subject, item):
                for runs, answer in self.answers(line):
                    try:
                        found.add(runs, answer)
                    except CommitmentError as error:
                        # The contract checked it; if it wasn't about this root, the job was re-organised away.
                        self.log.warning("answer_unusable", line=line.id, reason=str(error)[:300])
        return found

    def answers(self, line: LineRecord) -> Shown:
        """What was answered on a line so far, with what was asked."""
        found = []
        for one in line.rounds:
            answer = self.queries.answer(line.id, one.number) if one.is_answered else None
            if answer is not None:
                found.append((one.demand.runs, answer))
        return found


def result_of(case: Case) -> ResultRecord:
    """The case's committed result; every case has one."""
    if case.record.result is None:
        raise AtomicError("A job without a result has no disputes")
    return case.record.result
