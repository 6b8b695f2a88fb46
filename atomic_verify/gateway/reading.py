"""Looking things up for a route: from the store and the blobs alone, never from the chain."""

from collections.abc import Mapping
from dataclasses import dataclass

from atomic_verify.commitments import Batch
from atomic_verify.gateway.collect import is_collected, proof_of
from atomic_verify.gateway.core import Gateway
from atomic_verify.gateway.errors import ItemUnknown, ItemVoid, JobUnknown, OutputNotReady, ResultSlashed
from atomic_verify.models.codecs import Answer
from atomic_verify.models.library import InstalledModel
from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.proofs import pack
from atomic_verify.protocol.types import JobId, JobState, ModelSpec, Outcome, parse_word, to_hex
from atomic_verify.receipts import Receipt, build_receipt
from atomic_verify.receipts.receipt import Contracts
from atomic_verify.storage.fetch import digest_in_url
from atomic_verify.storage.records import JobRecord, Point, ResultRecord, VoidRecord


@dataclass(frozen=True, slots=True)
class ReadItem:
    """One item of a job whose output is here and checked."""

    job: JobRecord
    result: ResultRecord
    model: InstalledModel
    index: int
    inputs: Batch
    outputs: Batch

    def answer(self) -> Answer:
        """The typed answer, made from the committed tensors and valid under the model's schema.

        Raises ItemVoid, ResultSlashed, AnswerUndefined, AnswerInvalid.
        """
        require_standing(self.job, self.result, self.index)
        return self.model.answer(self.inputs.item(self.index), self.outputs.item(self.index))


def parse_job(text: str) -> JobId:
    """The job id in a path. Raises JobUnknown."""
    try:
        return JobId(parse_word(text.lower()))
    except Exception as error:
        raise JobUnknown("A job's id is 0x and 64 hexadecimal digits.", job=text[:80]) from error


def read_job(gateway: Gateway, job: JobId) -> JobRecord:
    """A job that is on the chain. Raises JobUnknown."""
    found = gateway.queries.job(job)
    if found is None:
        raise JobUnknown("The chain has no such job, as far as it was followed.", job=to_hex(job))
    return found


def read_item(gateway: Gateway, job_id: JobId, index: int) -> ReadItem:
    """An item of a job with a checked output.

    Raises JobUnknown, ItemUnknown, OutputNotReady, ModelUnknown, BlobMissing, BlobCorrupt.
    """
    job = read_job(gateway, job_id)
    if not 0 <= index < job.rfp.item_count:
        raise ItemUnknown(f"The job has the items 0 to {job.rfp.item_count - 1}.", item=index)
    result = job.result
    if result is None:
        raise OutputNotReady("The job has no committed result yet.", state=job.state.name.lower())
    if not is_collected(gateway, job):
        raise OutputNotReady("The worker's output isn't here yet; it is being fetched.", worker=result.worker)
    found = gateway.decisions.last(job_id, "collect")
    if found is not None and found.outcome == "mismatch":
        raise OutputNotReady(
            f"What the worker serves is not what it committed: {found.reason}.",
            hint="Don't rely on this job; its worker has broken its promise.",
            worker=result.worker,
        )
    model = gateway.models.by_id(job.rfp.model_id)
    count = job.rfp.item_count
    inputs = gateway.batches.get(gateway.blobs, digest_in_url(job.input_uri), model.manifest.input_specs, count)
    outputs = gateway.batches.get(gateway.blobs, result.payload, model.manifest.output_specs, count)
    return ReadItem(job, result, model, index, inputs, outputs)


def require_standing(job: JobRecord, result: ResultRecord, index: int) -> None:
    """Refuses an item that the chain found wrong. Raises ItemVoid, ResultSlashed."""
    if result.slashed or job.state is JobState.SLASHED:
        raise ResultSlashed(
            "The worker was slashed for this job: its results don't stand, and the price is paid back.",
            state="slashed",
            challenger=result.challenger,
        )
    void = next((one for one in result.voids if one.item == index), None)
    if void is not None:
        raise ItemVoid(
            f"Item {index} is void: a claim of {void.challenger} showed it to be wrong. Its price is paid back.",
            hint="Ask for this item again in a new job.",
            state="void",
            item=index,
            challenger=void.challenger,
            transaction=void.closed.tx_hash,
        )


def read_receipt(gateway: Gateway, item: ReadItem) -> Receipt:
    """The receipt of an item."""
    constants = gateway.constants
    return build_receipt(
        chain_id=constants.chain_id,
        contracts=Contracts(market=constants.market, results=constants.results),
        rfp=item.job.rfp,
        spec=_spec(item),
        index=item.index,
        inputs=item.inputs,
        outputs=item.outputs,
        committed=_committed(item),
        voided=[_voided(item, void) for void in item.result.voids],
        finalized=_finalized(item),
        is_slashed=item.job.state is JobState.SLASHED,
        proven=_proven(item),
        snark=proof_of(gateway, item.job, item.index),
    )


def _spec(item: ReadItem) -> ModelSpec:
    return item.model.manifest.spec()


def _committed(item: ReadItem) -> ChainEvent:
    result = item.result
    args = {
        "job": to_hex(item.job.id),
        "worker": result.worker,
        "attempt": result.attempt,
        "root": to_hex(result.root),
        "payloadDigest": "0x" + result.payload,
        "finalAt": result.final_at,
    }
    return _event("Committed", result.committed, result.worker, args)


def _proven(item: ReadItem) -> ChainEvent | None:
    result = item.result
    if result.proven is None:
        return None
    decisions = pack(result.proven.decisions)
    args = {"job": to_hex(item.job.id), "verifier": result.proven.verifier, "decisions": decisions}
    return _event("Proven", result.committed, result.worker, args)


def _voided(item: ReadItem, void: VoidRecord) -> ChainEvent:
    args = {"job": to_hex(item.job.id), "outcome": int(Outcome.VOID), "item": void.item, "challenger": void.challenger}
    return _event("ClaimClosed", void.closed, void.challenger, args)


def _finalized(item: ReadItem) -> ChainEvent | None:
    result = item.result
    if result.finalized is None:
        return None
    verdict = {"slashed": result.slashed, "voidItems": len(result.void_items), "challenger": result.challenger}
    args = {"job": to_hex(item.job.id), "root": to_hex(result.root), "verdict": verdict}
    return _event("Finalized", result.finalized, result.worker, args)


def _event(name: str, point: Point, sender: str, args: Mapping[str, object]) -> ChainEvent:
    return ChainEvent(
        block_number=point.block_number,
        block_hash=point.block_hash,
        timestamp=point.timestamp,
        tx_hash=point.tx_hash,
        tx_index=0,
        log_index=point.log_index,
        sender=sender,
        gas_used=0,
        contract="Results",
        name=name,
        args=args,
    )
