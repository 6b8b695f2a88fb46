"""Proofs of a job's items: what a circuit reads, each proof on record as it is made, and what is committed with them.

Life cycle: prove. *Shown* is the payload that the circuit reads: the published outputs, where a head is proven, whose
features are among them, or the inputs of a model that is proven whole. A proof belongs to one item of one such payload,
so a restart goes on with the proofs on record, and never with those of an execution whose bits were others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from atomic_verify.commitments import Batch, Signature
from atomic_verify.models import InstalledModel
from atomic_verify.protocol.primitives import JobId
from atomic_verify.protocol.proofs import Decision, proven_of, read_tensor
from atomic_verify.protocol.quanta import Floats, values_of
from atomic_verify.protocol.types import CriticalKind, CriticalStep
from atomic_verify.storage.blobs import BlobStore, parse_digest
from atomic_verify.storage.errors import BlobCorrupt, BlobMissing
from prover.decisions import OwnDecisions
from prover.outputs import Output

KIND = "prove"
ITEM = "item"


class CircuitProof(Protocol):
    """A proof that its maker has verified."""

    @property
    def proof(self) -> bytes: ...

    @property
    def outputs(self) -> Sequence[int]:
        """The scores in quanta."""
        ...

    @property
    def seconds(self) -> float: ...

    @property
    def peak_bytes(self) -> int: ...


class Circuit(Protocol):
    """The circuit of one model; `circuits.Circuit` is one. Used by one thread at a time."""

    def ensure_keys(self) -> None:
        """Makes the keys if they aren't there."""
        ...

    def prove(self, features: Floats, *, stop: Event | None = None) -> CircuitProof:
        """Proves the scores of one item; `stop` calls it off. Raises AtomicError."""
        ...


@dataclass(frozen=True, slots=True)
class Item:
    """A proof that is in the blob store and on record."""

    item: int
    proof: str
    """Its sha256."""
    scores: tuple[int, ...]
    """Quanta."""
    seconds: float
    peak_bytes: int

    def to_json(self) -> dict[str, Any]:
        return {
            "item": self.item,
            "proof": self.proof,
            "scores": list(self.scores),
            "seconds": round(self.seconds, 4),
            "peak_bytes": self.peak_bytes,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Item":
        """The item that `to_json` wrote. Raises DigestMalformed."""
        scores = tuple(int(one) for one in values["scores"])
        digest = parse_digest(values["proof"])
        return cls(int(values["item"]), digest, scores, float(values["seconds"]), int(values["peak_bytes"]))


@dataclass(frozen=True, slots=True)
class Shown:
    """What a job's circuit reads: a payload of the blob store, of so many items."""

    model: InstalledModel
    digest: str
    items: int

    @property
    def step(self) -> CriticalStep:
        return self.model.manifest.spec().critical

    def tensors(self, store: BlobStore) -> tuple[Floats, ...]:
        """What the circuit reads of each item, in its tensor's shape.

        Raises BlobMissing, BlobCorrupt, BlobStoreUnavailable, PayloadSizeError.
        """
        manifest = self.model.manifest
        is_head = self.step.kind is CriticalKind.HEAD
        signature = manifest.output_signature if is_head else manifest.input_signature
        payload = store.get(self.digest, max_bytes=self.items * signature.nbytes)
        batch = Batch.from_payload(signature.specs, self.items, payload)
        name = read_tensor(manifest.spec()).name
        return tuple(np.asarray(batch.item(item)[name], dtype=np.float32) for item in range(self.items))


def made_items(job: JobId, shown: Shown, decisions: OwnDecisions, store: BlobStore) -> dict[int, Item]:
    """The proofs of what is shown that are on record and in the store, by item. Raises BlobStoreUnavailable."""
    found: dict[int, Item] = {}
    for decision in decisions.of(job, KIND):
        if decision.outcome == ITEM and decision.details["shown"] == shown.digest:
            one = Item.from_json(decision.details["made"])
            if is_intact(one.proof, store):
                found[one.item] = one
    return found


def is_intact(digest: str, store: BlobStore) -> bool:
    """Whether the store has the blob whole; one that rotted there is removed, to be made anew."""
    try:
        store.get(digest)
    except BlobMissing:
        return False
    except BlobCorrupt:
        store.delete(digest)
        return False
    return True


@dataclass(frozen=True, slots=True)
class Assembled:
    """What is committed, and what was proven of each item."""

    payload: bytes
    proofs: tuple[str, ...]
    decisions: tuple[Decision, ...]

    def publish(self, model: InstalledModel, store: BlobStore) -> Output:
        """Puts the payload into the store, and tells what to commit.

        Raises PayloadSizeError, BlobTooLarge, BlobStoreFull, BlobStoreUnavailable.
        """
        root = Batch.from_payload(model.manifest.output_specs, len(self.proofs), self.payload).root
        return Output(root, store.put(self.payload), self.proofs)


def assemble(shown: Shown, made: Sequence[Item], store: BlobStore) -> Assembled:
    """What the proofs of all items, in order, prove: of each item its features, if those were read, and its scores.

    Raises NotWholeQuanta, and what `Shown.tensors` raises.
    """
    step = shown.step
    is_head = step.kind is CriticalKind.HEAD
    parts: list[bytes] = []
    decisions: list[Decision] = []
    for read, one in zip(shown.tensors(store), made, strict=True):
        scores = values_of(np.asarray(one.scores, dtype=np.int64), step.output_scale)
        decisions.append(proven_of(step, read, scores).decision)
        parts.append((read.astype("<f4").tobytes() if is_head else b"") + scores.astype("<f4").tobytes())
    return Assembled(b"".join(parts), tuple(one.proof for one in made), tuple(decisions))


@dataclass(frozen=True, slots=True)
class Difference:
    """How the proven scores of a batch differ from those that the model's own run gave."""

    decisions: tuple[int, ...]
    """Of each item, the run's own: the index of its largest score."""
    largest: float
    """In the scores' own unit."""
    share: float | None
    """The largest as a share of accept; None for a model without tolerances."""


def difference(model: InstalledModel, executed: bytes, proven: bytes, items: int) -> Difference:
    """Compares the scores of two output payloads. Raises PayloadSizeError."""
    signature, accept = model.manifest.output_signature, model.manifest.outputs[-1].accept
    own, proved = (_scores(signature, payload, items) for payload in (executed, proven))
    with np.errstate(all="ignore"):
        away = np.nan_to_num(np.abs(own - proved))
        share = None if accept.is_zero else float(np.nan_to_num(away / (accept.atol + accept.rtol * np.abs(own))).max())
    return Difference(tuple(int(one) for one in np.argmax(own, axis=1)), float(away.max()), share)


def _scores(signature: Signature, payload: bytes, items: int) -> NDArray[np.float64]:
    """The last tensor of each item, one row each."""
    signature.require_payload(items, len(payload))
    rows = np.frombuffer(payload, dtype=np.uint8).reshape(items, -1)[:, signature.offsets[-1] :]
    return np.ascontiguousarray(rows).view("<f4").astype(np.float64)
