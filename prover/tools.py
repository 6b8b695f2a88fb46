"""What the stages work with: the chain to write to, the records to keep, the models, and what is taken on so far.

Life cycle: all steps. The stages hold no state of their own; what a worker must not forget is on the chain, in intents,
or in the decision log, and all else can be found again from these.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, Protocol

from atomic_verify.chain.calls import Call, Calls
from atomic_verify.chain.constants import Constants
from atomic_verify.errors import AtomicError
from atomic_verify.protocol.intents import Intent, IntentState
from atomic_verify.protocol.primitives import Address, Amount, JobId, ModelId, to_hex
from atomic_verify.storage.blobs import BlobStore
from atomic_verify.storage.decisions import Decision
from atomic_verify.storage.fetch import FetchPolicy
from prover.background import Background
from prover.belongings import Belongings
from prover.bidding import ModelFacts, Policy, Standing, execution_seconds, proving_seconds
from prover.decisions import OwnDecisions
from prover.inputs import HeldInput
from prover.load import Load, Moment, Share
from prover.metrics import Metrics
from prover.outputs import Output
from prover.proving import Item
from prover.seals import Sealer
from prover.verifiers import Verifiers
from prover.views import View
from prover.watching.meanings import Meanings
from prover.workshop import Workshop

UNREADY_AFTER = 30.0
"""Seconds without a whole look after which the worker calls itself not ready."""

Checkpoint = Callable[[str], None]
"""Called after each step that is on the disk, with the step's name. Tests stop the process there."""


class Sender(Protocol):
    """The owner of the key's nonces."""

    def submit(self, key: str, call: Call, *, note: str = "") -> Intent: ...

    def intent(self, key: str) -> Intent | None: ...


@dataclass(slots=True)
class Tools:
    """One worker's tools, shared by its stages and used by its one thread."""

    worker: Address
    constants: Constants
    calls: Calls
    sender: Sender
    sealer: Sealer
    policy: Policy
    workshop: Workshop
    blobs: BlobStore
    fetch_policy: FetchPolicy
    decisions: OwnDecisions
    inputs: Background[JobId, HeldInput]
    outputs: Background[JobId, Output]
    proofs: Background[tuple[JobId, int], Item]
    """By job and item."""
    belongings: Belongings
    verifiers: Verifiers
    metrics: Metrics
    meanings: Meanings
    log: Any
    clock: Callable[[], float]
    """Unix seconds, for records only."""
    checkpoint: Checkpoint = lambda step: None
    moment: Moment = field(default_factory=lambda: Moment(0, Amount(0), Load(), is_ready=False))
    """The worker at its last look. Replaced as a whole, so other threads may read it."""
    last_look: float | None = None
    """When the last whole look ended, on the monotonic clock."""
    is_stopping: bool = False
    """Whether the worker takes nothing on any more."""
    _noted: dict[tuple[JobId, str], tuple[str, str]] = field(default_factory=dict)
    _noting: Lock = field(default_factory=Lock)

    def is_ready(self, monotonic: float) -> bool:
        """Whether the worker follows the chain and takes work on; `monotonic` is that clock's time now."""
        seen = self.last_look
        return seen is not None and monotonic - seen < UNREADY_AFTER and not self.is_stopping

    def submit(self, stage: str, view: View, call: Call, key: str | None = None) -> None:
        """Sees to it that the call is made once for the job. Raises what the sender raises."""
        self.submit_once(stage, f"{key or stage}:{to_hex(view.record.id)}", call)

    def submit_once(self, stage: str, key: str, call: Call) -> None:
        """Sees to it that the call is made once under this key. Raises what the sender raises."""
        known = self.sender.intent(key)
        self.sender.submit(key, call)
        if known is None or known.state is IntentState.FAILED:
            self.metrics.acts.labels(stage).inc()
            self.checkpoint(f"submitted:{stage}")

    def next_key(self, key: str) -> str:
        """The first numbered key whose intent isn't final: as long as one act is under way, no other like it begins."""
        number = 0
        while (known := self.sender.intent(f"{key}:{number}")) is not None and known.state is IntentState.FINAL:
            number += 1
        return f"{key}:{number}"

    def note(self, kind: str, job: JobId, outcome: str, reason: str, details: Mapping[str, Any] | None = None) -> bool:
        """Records a decision with its reason, unless it is the last one of its kind on the job; whether it did."""
        with self._noting:
            if (job, kind) not in self._noted and (last := self.decisions.last(job, kind)) is not None:
                self._noted[job, kind] = (last.outcome, last.reason)
            if self._noted.get((job, kind)) == (outcome, reason):
                return False
            self.decisions.add(Decision(kind, job, outcome, reason, self.clock(), dict(details or {})))
            self._noted[job, kind] = (outcome, reason)
        self.metrics.decisions.labels(kind, outcome, reason).inc()
        self.log.info("decided", kind=kind, job=to_hex(job), outcome=outcome, reason=reason)
        self.checkpoint(f"noted:{kind}:{outcome}")
        return True

    def note_failure(self, kind: str, job: JobId, error: AtomicError) -> bool:
        """Records that a step failed, with the error's code as the reason; whether that is news."""
        return self.note(kind, job, "failed", error.code, {"message": error.message[:500]})

    def facts(self, model: ModelId) -> ModelFacts | None:
        """What is known of a model; None when it isn't installed here."""
        return self.workshop.facts(model)

    def standing(self, view: View) -> Standing:
        """The worker as it stands before it takes the job on."""
        load = self.moment.load.without(view.record.id)
        return Standing(
            worker=self.worker,
            free_stake=self.moment.free_stake,
            open_jobs=load.open_jobs,
            backlog_seconds=load.seconds,
            bidding_left=view.bidding_left,
            bond_reserved=load.bond_reserved,
            proving_seconds=load.proving,
        )

    def take_on(self, view: View, bond: Amount) -> None:
        """Counts the job in from now on, before its event is seen; `bond` is what it will lock."""
        self.moment = replace(self.moment, load=self.moment.load.plus(self.share(view, bond)))

    def share(self, view: View, bond: Amount) -> Share:
        """What the job still takes, by measurement: nothing once it waits for nothing but its commit."""
        job, rfp, facts = view.record.id, view.record.rfp, self.facts(view.record.rfp.model_id)
        own = self.belongings.of(view)
        if facts is None or own.output is not None:
            return Share(job, 0.0, bond)
        executing = 0.0 if own.executed is not None else execution_seconds(rfp, facts)
        return Share(job, executing + self.policy.settling_seconds, bond, proving_seconds(rfp, facts))

    def forget(self, job: JobId) -> None:
        """Drops what is kept in memory about a job that doesn't concern the worker any more."""
        self.inputs.forget(job)
        self.outputs.forget(job)
        self.belongings.forget(job)
        self.workshop.provers.call_off(job)
        for proof in [key for key in self.proofs.keys() if key[0] == job]:  # noqa: SIM118 - not a mapping
            self.proofs.forget(proof)
        with self._noting:
            for noted in [key for key in self._noted if key[0] == job]:
                del self._noted[noted]
