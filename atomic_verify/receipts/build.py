"""Making a receipt from what a gateway has on record: the RFP, both payloads and the events of commit and end."""

from base64 import b64encode
from collections.abc import Sequence

from atomic_verify.commitments import Batch
from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.ids import job_id
from atomic_verify.protocol.primitives import ZERO_WORD, parse_address, to_hex
from atomic_verify.protocol.proofs import unpack
from atomic_verify.protocol.types import Guarantee, ModelSpec, Rfp
from atomic_verify.receipts.receipt import (
    MAX_SNARK_TEXT,
    MAX_VOIDS,
    Commitment,
    Contracts,
    Finality,
    Item,
    Proof,
    Receipt,
    Side,
    Void,
)

MAX_TENSOR_BYTES = 2**20
"""An item's tensors are put into the receipt when they have no more bytes than this together, or if a proof is about
them."""


def build_receipt(
    *,
    chain_id: int,
    contracts: Contracts,
    rfp: Rfp,
    spec: ModelSpec,
    index: int,
    inputs: Batch,
    outputs: Batch,
    committed: ChainEvent,
    voided: Sequence[ChainEvent] = (),
    finalized: ChainEvent | None = None,
    is_slashed: bool = False,
    proven: ChainEvent | None = None,
    snark: bytes | None = None,
) -> Receipt:
    """The receipt of item `index`, from the job's events of Results: `Committed`, `Proven` of a hybrid or proven job,
    each `ClaimClosed` that found an item void, and `Finalized`. `is_slashed`: whether the market settled the job as
    slashed. `snark`: the item's proof, if it could be read.
    """
    args = committed.args
    reads_inputs = rfp.guarantee is Guarantee.PROVEN
    return Receipt(
        chain_id=chain_id,
        contracts=contracts,
        job=to_hex(job_id(chain_id, parse_address(contracts.market), rfp)),
        rfp=rfp.to_json(),
        model=to_hex(rfp.model_id),
        model_spec=spec.to_json(),
        disputable=is_disputable(spec),
        item=Item(
            index=index,
            inputs=_side(inputs, index, is_needed=reads_inputs),
            outputs=_side(outputs, index, is_needed=proven is not None),
        ),
        commitment=Commitment(
            worker=parse_address(args["worker"]),
            attempt=args["attempt"],
            root=args["root"],
            payload_digest=args["payloadDigest"],
            final_at=args["finalAt"],
            transaction=committed.tx_hash,
            block_number=committed.block_number,
            block_hash=committed.block_hash,
        ),
        voids=_voids(voided, index),
        finality=None if finalized is None else _finality(finalized, is_slashed),
        proof=None if proven is None else _proof(proven, index, rfp.item_count, snark),
    )


def is_disputable(spec: ModelSpec) -> bool:
    """Whether a contract can judge the model's results: whether it has a canonical program."""
    return spec.program_root != ZERO_WORD


def _side(batch: Batch, index: int, *, is_needed: bool) -> Side:
    payload = batch.item_payload(index)
    tensors = [b64encode(data).decode() for _, data in batch.signature.split(payload)]
    return Side(
        tensor_roots=[to_hex(root) for root in batch.tensor_roots(index)],
        path=[to_hex(node) for node in batch.open_item(index)],
        tensors=tensors if is_needed or len(payload) <= MAX_TENSOR_BYTES else None,
    )


def _voids(voided: Sequence[ChainEvent], index: int) -> list[Void]:
    found = [
        Void(
            item=event.args["item"],
            challenger=parse_address(event.args["challenger"]),
            transaction=event.tx_hash,
            block_number=event.block_number,
            block_hash=event.block_hash,
        )
        for event in voided
    ]
    return found if len(found) <= MAX_VOIDS else [void for void in found if void.item == index]


def _proof(proven: ChainEvent, index: int, count: int, snark: bytes | None) -> Proof:
    decision = unpack(proven.args["decisions"], count)[index]
    return Proof(
        verifier=parse_address(proven.args["verifier"]),
        decision=decision.index,
        certain=decision.is_certain,
        snark=_snark(snark),
        transaction=proven.tx_hash,
    )


def _snark(snark: bytes | None) -> str | None:
    """A proof as text, if it is one that a receipt may hold: an odd verifier may take any, and even none at all."""
    text = "" if snark is None else b64encode(snark).decode()
    return text if 0 < len(text) <= MAX_SNARK_TEXT else None


def _finality(finalized: ChainEvent, is_slashed: bool) -> Finality:
    verdict = finalized.args["verdict"]
    return Finality(
        state="slashed" if is_slashed else "final",
        slashed=verdict["slashed"],
        void_items=verdict["voidItems"],
        transaction=finalized.tx_hash,
        block_number=finalized.block_number,
        block_hash=finalized.block_hash,
    )
