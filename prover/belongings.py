"""What a worker itself has of a job, beside what the chain says: its input, what executing it gave, what to commit.

Life cycle: fetch, execute, prove. What was published before a restart is looked for once, in the decision log and the
blob store.
"""

from dataclasses import dataclass, field

from atomic_verify.protocol.primitives import JobId
from atomic_verify.storage.blobs import BlobStore
from prover import outputs, proving
from prover.background import Background, TaskState
from prover.decisions import OwnDecisions
from prover.inputs import HeldInput
from prover.outputs import Output
from prover.views import View


@dataclass(frozen=True, slots=True)
class Own:
    """With the view, all that a stage's `due` looks at.

    `input_held`: in the store and found right. `output`: published and ready to be committed, not necessarily
    committed. `executed`: what executing gave, published; of a job without proofs it is the output.
    """

    input_held: bool = False
    output: Output | None = None
    executed: Output | None = None


@dataclass(slots=True)
class Belongings:
    """What is at hand of all jobs. Used by the worker's one thread."""

    inputs: Background[JobId, HeldInput]
    executions: Background[JobId, Output]
    decisions: OwnDecisions
    blobs: BlobStore
    _remembered: dict[tuple[JobId, str], Output | None] = field(default_factory=dict)

    def of(self, view: View) -> Own:
        """What the worker has of a job."""
        job = view.record.id
        held = self.inputs.state(job) is TaskState.DONE
        executed = self.executions.result(job)
        if executed is None and view.is_mine:
            executed = self._recalled(job, outputs.KIND)
        if not view.needs_proofs:
            return Own(held, executed, executed)
        return Own(held, self._recalled(job, proving.KIND) if view.is_mine else None, executed)

    def proven(self, job: JobId, output: Output) -> None:
        """Keeps an output whose proofs are all made."""
        self._remembered[job, proving.KIND] = output

    def lost(self, job: JobId) -> None:
        """Has the store be asked again: something of the output isn't there any more."""
        self._remembered.pop((job, proving.KIND), None)

    def forget(self, job: JobId) -> None:
        """Drops what is kept in memory about a job."""
        for kind in (outputs.KIND, proving.KIND):
            self._remembered.pop((job, kind), None)

    def keys(self) -> set[JobId]:
        """The jobs of which something is kept."""
        return {job for job, _ in self._remembered}

    def _recalled(self, job: JobId, kind: str) -> Output | None:
        key = (job, kind)
        if key not in self._remembered:
            self._remembered[key] = outputs.remembered(job, self.decisions, self.blobs, kind)
        return self._remembered[key]
