"""Fetching a committed output and checking it against the chain, before anybody sees it.

Life cycle: publish output to receipt. A worker that commits a root promises to serve the payload; what doesn't have the
committed digest, size or root is never shown as the job's output. What is committed with proofs isn't asked for: it
lies in the commit's transaction, proofs included, unless the worker committed through another contract.
"""

import time
from collections.abc import Mapping
from hashlib import sha256

from atomic_verify.commitments import Batch, CommitmentError
from atomic_verify.gateway.core import Gateway
from atomic_verify.gateway.errors import OutputNotReady
from atomic_verify.models.library import InstalledModel
from atomic_verify.protocol.types import to_hex
from atomic_verify.storage.decisions import Decision
from atomic_verify.storage.fetch import FetchPolicy, fetch_blob
from atomic_verify.storage.records import JobRecord, ResultRecord

FETCH_SECONDS = 60.0


def is_collected(gateway: Gateway, job: JobRecord) -> bool:
    """Whether the job's present output was fetched and checked already; after a re-org it may be another."""
    found = gateway.decisions.last(job.id, "collect")
    result = job.result
    if found is None or result is None or found.details.get("root") != to_hex(result.root):
        return False
    # The same output may be committed again, with other proofs.
    if result.proven is not None and found.details.get("transaction") != result.committed.tx_hash:
        return False
    wanted = (result.payload, *found.details.get("proofs", ()))
    return found.outcome == "mismatch" or all(map(gateway.blobs.exists, wanted))


def proof_of(gateway: Gateway, job: JobRecord, item: int) -> bytes | None:
    """The zk-SNARK of an item of a collected job, None if it has none or it couldn't be read. Raises BlobCorrupt."""
    found = gateway.decisions.last(job.id, "collect")
    proofs = () if found is None else found.details.get("proofs", ())
    return gateway.blobs.get(proofs[item]) if item < len(proofs) else None


def collect(gateway: Gateway, job: JobRecord) -> None:
    """Fetches and checks the output, and keeps its proofs; records what was found.

    Raises OutputNotReady when the worker can't be asked, and what fetching raises.
    """
    result = job.result
    if result is None:
        raise OutputNotReady("The job has no committed result.")
    model = gateway.models.by_id(job.rfp.model_id)
    limit = sum(spec.nbytes for spec in model.manifest.output_specs) * job.rfp.item_count
    proofs = _taken_from_chain(gateway, job, result)
    source = "chain" if proofs else "worker"
    if not gateway.blobs.exists(result.payload):
        worker = gateway.queries.worker(result.worker)
        if worker is None or worker.books.endpoint is None:
            raise OutputNotReady("The worker never said where it serves its outputs.", worker=result.worker)
        url = f"{worker.books.endpoint.rstrip('/')}/v1/blobs/{result.payload}"
        policy = FetchPolicy(limit, FETCH_SECONDS, gateway.settings.allow_private_inputs)
        fetch_blob(url, result.payload, gateway.blobs, policy)
    details = {"source": source, "proofs": proofs}
    _record(gateway, job, result, _mismatch(gateway, job, result, model), details)


def _taken_from_chain(gateway: Gateway, job: JobRecord, result: ResultRecord) -> list[str]:
    """Keeps what the commit's transaction submitted, and returns the blobs of its proofs: none if it can't be read."""
    if result.proven is None:
        return []
    submission = gateway.chain.submission_of(result.committed.tx_hash, job.rfp)
    if submission is None or sha256(submission.outputs).hexdigest() != result.payload:
        return []
    gateway.blobs.put(submission.outputs)
    return [gateway.blobs.put(proof) for proof in submission.proofs]


def _mismatch(gateway: Gateway, job: JobRecord, result: ResultRecord, model: InstalledModel) -> str | None:
    """Why the stored payload isn't the committed output, or None if it is."""
    specs, count = model.manifest.output_specs, job.rfp.item_count
    try:
        batch = Batch.from_payload(specs, count, gateway.blobs.get(result.payload))
    except CommitmentError as error:
        return error.message
    return None if batch.root == result.root else "its root is not the committed one"


def _record(
    gateway: Gateway, job: JobRecord, result: ResultRecord, mismatch: str | None, details: Mapping[str, object]
) -> None:
    gateway.decisions.add(
        Decision(
            kind="collect",
            job=job.id,
            outcome="verified" if mismatch is None else "mismatch",
            reason=mismatch or "digest, size and root are the committed ones",
            at=time.time(),
            details={
                "root": to_hex(result.root),
                "payload": result.payload,
                "worker": result.worker,
                "transaction": result.committed.tx_hash,
                **details,
            },
        )
    )
