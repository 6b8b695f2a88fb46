"""Outputs: made by the model, held against its signature, published by digest, and remembered with their making.

Life cycle: execute, publish. An *output* is known by the batch root of its tensors, which is committed, and the digest
of its payload, by which it is served. Which bits a model makes may differ from run to run, so what was published is
committed and nothing is run again after a restart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from atomic_verify.commitments import Digest
from atomic_verify.execution.record import Execution
from atomic_verify.protocol.primitives import JobId, parse_word, to_hex
from atomic_verify.storage.blobs import BlobStore, parse_digest
from prover.decisions import OwnDecisions

KIND = "execute"
DONE = "done"


@dataclass(frozen=True, slots=True)
class Output:
    """A published output, ready to be committed."""

    root: Digest
    payload: str
    """sha256 of the payload as 64 hexadecimal digits."""
    proofs: tuple[str, ...] = ()
    """Digests of the items' proofs, in order, where they are committed with it."""

    @property
    def payload_digest(self) -> Digest:
        return Digest(bytes.fromhex(self.payload))

    def to_json(self) -> dict[str, Any]:
        proofs = {"proofs": list(self.proofs)} if self.proofs else {}
        return {"root": to_hex(self.root), "payload": self.payload, **proofs}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Output":
        """Raises ProtocolError or DigestMalformed for values that `to_json` didn't write."""
        proofs = tuple(parse_digest(one) for one in values.get("proofs", ()))
        return cls(Digest(parse_word(values["root"])), parse_digest(values["payload"]), proofs)


def publish(execution: Execution, store: BlobStore) -> Output:
    """Puts the payload into the store, once its size is what the signature says, and tells what to commit.

    Raises PayloadSizeError, BlobTooLarge, BlobStoreFull, BlobStoreUnavailable.
    """
    root = execution.commit().root
    return Output(root, store.put(execution.payload))


def remembered(job: JobId, decisions: OwnDecisions, store: BlobStore, kind: str = KIND) -> Output | None:
    """The output that was published before a restart, if the store still has all of it; `kind` of decision says which:
    what executing gave, or what is committed with proofs."""
    last = next((found for found in reversed(decisions.of(job, kind)) if found.outcome == DONE), None)
    if last is None:
        return None
    output = Output.from_json(last.details["output"])
    return output if all(store.exists(digest) for digest in (output.payload, *output.proofs)) else None
