"""Fetching a committed output from its worker and checking it against the chain, before anybody sees it.

Life cycle: publish output to receipt. A worker that commits a root promises to serve the payload; what doesn't have the
committed digest, size or root is never shown as the job's output.
"""

import time

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
    return found.outcome == "mismatch" or gateway.blobs.exists(result.payload)


def collect(gateway: Gateway, job: JobRecord) -> None:
    """Fetches and checks the output, and records what was found.

    Raises OutputNotReady when the worker can't be asked, and what fetching raises.
    """
    result = job.result
    if result is None:
        raise OutputNotReady("The job has no committed result.")
    model = gateway.models.by_id(job.rfp.model_id)
    limit = sum(spec.nbytes for spec in model.manifest.output_specs) * job.rfp.item_count
    if not gateway.blobs.exists(result.payload):
        worker = gateway.queries.worker(result.worker)
        if worker is None or worker.books.endpoint is None:
            raise OutputNotReady("The worker never said where it serves its outputs.", worker=result.worker)
        url = f"{worker.books.endpoint.rstrip('/')}/v1/blobs/{result.payload}"
        policy = FetchPolicy(limit, FETCH_SECONDS, gateway.settings.allow_private_inputs)
        fetch_blob(url, result.payload, gateway.blobs, policy)
    _record(gateway, job, result, _mismatch(gateway, job, result, model))


def _mismatch(gateway: Gateway, job: JobRecord, result: ResultRecord, model: InstalledModel) -> str | None:
    """Why the stored payload isn't the committed output, or None if it is."""
    specs, count = model.manifest.output_specs, job.rfp.item_count
    try:
        batch = Batch.from_payload(specs, count, gateway.blobs.get(result.payload))
    except CommitmentError as error:
        return error.message
    return None if batch.root == result.root else "its root is not the committed one"


def _record(gateway: Gateway, job: JobRecord, result: ResultRecord, mismatch: str | None) -> None:
    gateway.decisions.add(
        Decision(
            kind="collect",
            job=job.id,
            outcome="verified" if mismatch is None else "mismatch",
            reason=mismatch or "digest, size and root are the committed ones",
            at=time.time(),
            details={"root": to_hex(result.root), "payload": result.payload, "worker": result.worker},
        )
    )
