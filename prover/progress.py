"""What became of a job in the worker's hands, on record: its input, its output, and a deadline that was missed.

Life cycle: fetch, execute, prove, commit. Each fact is recorded once, however often the worker looks.
"""

from atomic_verify.errors import AtomicError
from atomic_verify.protocol.lifecycle import Act
from atomic_verify.protocol.types import JobState
from circuits.errors import CircuitStopped
from prover import proving
from prover.retention import FETCH, FETCHED, HELD, Keeper
from prover.tools import Tools
from prover.views import View

EXECUTE = "execute"
COMMIT = "commit"


def note_progress(view: View, tools: Tools, keeper: Keeper) -> None:
    """Records what is new about the job, and looks after the blobs that the worker put into the store for it."""
    job = view.record.id
    held, output = tools.inputs.result(job), tools.outputs.result(job)
    if held is not None:
        reason = FETCHED if held.fetched else "found"
        tools.note(FETCH, job, HELD, reason, {"digest": held.digest, "bytes": held.nbytes})
        if held.fetched:
            keeper.track(job, held.digest)
    if output is not None:
        keeper.track(job, output.payload)
    _note_proofs(view, tools, keeper)
    for stage, error in ((FETCH, tools.inputs.failure(job)), (EXECUTE, tools.outputs.failure(job))):
        if error is not None and tools.note_failure(stage, job, error):
            tools.metrics.failures.labels(stage, error.code).inc()
    if view.state is JobState.AWARDED and view.is_mine and (view.seconds_left or 0) <= 0:
        _note_missed(view, tools)


def _note_proofs(view: View, tools: Tools, keeper: Keeper) -> None:
    """Each failure is counted and logged where it happens; on record is why the job waits, when that is news."""
    job = view.record.id
    if not view.needs_proofs:
        return
    if view.legal(Act.COMMIT) is None:
        tools.workshop.provers.call_off(job)
    own = tools.belongings.of(view)
    if own.output is not None:
        for digest in (own.output.payload, *own.output.proofs):
            keeper.track(job, digest)
    for item in range(view.record.rfp.item_count):
        error: AtomicError | None = tools.proofs.failure((job, item))
        if error is not None and not isinstance(error, CircuitStopped):
            tools.note_failure(proving.KIND, job, error)


def _note_missed(view: View, tools: Tools) -> None:
    """The deadline has passed without a commit: the bond is lost once somebody says so on the chain."""
    if tools.note(COMMIT, view.record.id, "missed", f"attempt {view.attempt}", {"bond": str(view.record.rfp.job_bond)}):
        tools.metrics.failures.labels(COMMIT, "deadline-missed").inc()
