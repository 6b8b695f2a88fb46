"""What a claim is made of: its terms, which a seal hides, and the exhibit that shows, at the reveal, what they say.

Life cycle: claim. The evaluation's payload is in the blob store before the terms are known, and the terms with their
salt are on record before the seal is sent: after a restart the exhibit is built from these again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from atomic_verify.canonical import evidence
from atomic_verify.canonical.evaluate import Keep
from atomic_verify.canonical.evidence import Case
from atomic_verify.commitments import Digest
from atomic_verify.protocol.dispute_view import Wrong
from atomic_verify.protocol.primitives import JobId, parse_word, to_hex
from atomic_verify.protocol.types import ClaimTerms, Exhibit, Opening
from atomic_verify.storage.blobs import BlobStore
from prover.watching.meanings import Meaning
from prover.watching.shown import Data
from prover.watching.traces import read_trace, store_trace


@dataclass(frozen=True, slots=True)
class SealedClaim:
    """A claim that is on record here: its terms, its salt, and the seal that they make."""

    terms: ClaimTerms
    salt: bytes
    seal: bytes

    def to_json(self) -> dict[str, Any]:
        return {"terms": self.terms.to_json(), "salt": to_hex(self.salt), "seal": to_hex(self.seal)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "SealedClaim":
        """The claim that `to_json` wrote."""
        terms = ClaimTerms.from_json(values["terms"])
        return cls(terms, parse_word(values["salt"]), parse_word(values["seal"]))


def make_terms(job: JobId, wrong: Wrong, data: Data, meaning: Meaning, store: BlobStore) -> ClaimTerms:
    """Evaluates the item, keeping everything, and puts the trace into the store.

    Raises EvaluationFailed, MalformedBool, BlobTooLarge, BlobStoreFull, BlobStoreUnavailable.
    """
    with meaning.evaluate(data.inputs.item(wrong.item), Keep.ALL) as trace:
        root, digest = store_trace(trace, store)
    return ClaimTerms(job, wrong.item, wrong.output, wrong.element, root, Digest(bytes.fromhex(digest)))


def make_exhibit(terms: ClaimTerms, data: Data, meaning: Meaning, store: BlobStore) -> Exhibit:
    """The openings that go with the terms, from the stored trace.

    Raises BlobMissing, BlobCorrupt, BlobStoreUnavailable, TraceRootMismatch.
    """
    program = meaning.program
    payload = store.get(terms.trace_digest.hex(), max_bytes=program.trace_bytes)
    case = Case(program, read_trace(program, data.inputs.item(terms.item), payload), meaning.trees)
    committed = data.outputs.open_elements(terms.item, terms.output, terms.element, 1)
    return Exhibit(
        outputs_record=case.outputs_record,
        outputs_path=case.record_path(len(program.steps)),
        committed=Opening(committed.leaves.data, committed.leaves.proof, committed.tensor_proof),
        item_path=committed.item_proof,
        canonical=opened(case.open_elements(program.outputs[terms.output].step, terms.element, 1)),
        inputs=data.inputs.item_root(terms.item),
        inputs_path=tuple(data.inputs.open_item(terms.item)),
    )


def opened(opening: evidence.Opening) -> Opening:
    """The opening as a record of the protocol."""
    return Opening(opening.leaves, opening.proof, opening.path)
