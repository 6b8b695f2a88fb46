"""The circuits that are ready here: which guarantee each lets the worker give, how long a proof takes, and proving.

Life cycle: before bidding (facts), prove. Seconds per proof are those of the machine that built the circuit until one
was made here; then they follow what proofs really took.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from atomic_verify.protocol.primitives import JobId, ModelId
from atomic_verify.protocol.quanta import Floats
from atomic_verify.protocol.terms import CRITICAL_OF, MAX_PROVEN_ITEMS
from atomic_verify.protocol.types import CriticalKind, Guarantee
from circuits.errors import CircuitFailed
from prover.proving import Circuit, CircuitProof

SMOOTHING = 0.3
"""Weight of the newest proof in the running mean of seconds."""


@dataclass(frozen=True, slots=True)
class ReadyCircuit:
    """A circuit whose keys are made. `seconds`: what a proof took where it was built; `most_items`: proofs that one
    transaction takes.
    """

    model: ModelId
    kind: CriticalKind
    circuit: Circuit
    seconds: float
    most_items: int = MAX_PROVEN_ITEMS


class Provers:
    """The ready circuits of one worker. `prove` is called by one thread at a time, the rest by any."""

    def __init__(self, ready: Iterable[ReadyCircuit] = ()) -> None:
        self._ready = {one.model: one for one in ready}
        self._seconds: dict[ModelId, float] = {}
        self._lock = threading.Lock()
        self._stops: dict[JobId, threading.Event] = {}
        self._is_stopping = False

    def __len__(self) -> int:
        return len(self._ready)

    def guarantee(self, model: ModelId) -> Guarantee | None:
        """The guarantee that proofs of this model give; None if it can't be proven here."""
        found = self._ready.get(model)
        return None if found is None else _GUARANTEE_OF.get(found.kind)

    def seconds(self, model: ModelId) -> float:
        """What a proof takes, by measurement; 0 for a model that can't be proven here."""
        found = self._ready.get(model)
        with self._lock:
            return self._seconds.get(model, 0.0 if found is None else found.seconds)

    def most_items(self, model: ModelId) -> int:
        """How many proofs of this model one transaction takes; 0 for a model that can't be proven here."""
        found = self._ready.get(model)
        return 0 if found is None else found.most_items

    def can_prove(self, model: ModelId) -> bool:
        return model in self._ready

    def prove(self, job: JobId, model: ModelId, features: Floats) -> CircuitProof:
        """Proves one item of a job.

        Raises CircuitStopped if it was called off, CircuitFailed for a fault of the disk, KeyError for a model that
        can't be proven here, and what its circuit raises.
        """
        with self._lock:
            stop = self._stops.setdefault(job, threading.Event())
            if self._is_stopping:
                stop.set()
        with faults_told("A proof can't be made"):
            made = self._ready[model].circuit.prove(features, stop=stop)
        with self._lock:
            before = self._seconds.get(model, made.seconds)
            self._seconds[model] = before + SMOOTHING * (made.seconds - before)
        return made

    def call_off(self, job: JobId) -> None:
        """Ends a job's proof that is being made: nobody needs it any more, and other jobs wait."""
        with self._lock:
            stop = self._stops.pop(job, None)
        if stop is not None:
            stop.set()

    def stop(self) -> None:
        """Calls off the proof that is being made, and all that would follow: they are made after the next start."""
        with self._lock:
            self._is_stopping = True
            for stop in self._stops.values():
                stop.set()


@contextmanager
def faults_told(what: str) -> Iterator[None]:
    """Tells a fault of the disk as a circuit's: a full one, or a folder that can't be written. Raises CircuitFailed."""
    try:
        yield
    except OSError as error:
        hint = "Check the disk, and that the temporary folder and the data folder can be written."
        raise CircuitFailed(f"{what}: {error}"[:500], hint=hint) from error


_GUARANTEE_OF: Mapping[CriticalKind, Guarantee] = {kind: guarantee for guarantee, kind in CRITICAL_OF.items()}
