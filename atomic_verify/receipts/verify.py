"""Checking a receipt: alone, against a root that the reader trusts, or against a chain.

Life cycle: the last step, and the only one that a third party needs. A check either passes or raises `ReceiptRefused`;
what could not be checked is said in the report, in plain words.
"""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from atomic_verify.commitments import DType, TensorSpec, item_root, tensor_root, verify_entry
from atomic_verify.errors import AtomicError
from atomic_verify.protocol.events import BlockRef, ChainEvent
from atomic_verify.protocol.ids import job_id, model_id
from atomic_verify.protocol.primitives import parse_address, parse_word, to_hex
from atomic_verify.protocol.types import ModelSpec, Rfp, TensorSig
from atomic_verify.receipts.build import is_disputable
from atomic_verify.receipts.errors import ReceiptRefused
from atomic_verify.receipts.receipt import Receipt, Side


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, in plain words."""

    words: str


@dataclass(frozen=True, slots=True)
class Report:
    """What is now known of an item, and what is not."""

    verified: tuple[Check, ...]
    unverified: tuple[Check, ...]
    final: bool
    """Whether the chain says that the result is final and stands; always False without a chain."""

    def joined(self, verified: Sequence[str], unverified: Sequence[str], final: bool) -> "Report":
        """This report with more in it."""
        return Report(
            self.verified + tuple(map(Check, verified)), self.unverified + tuple(map(Check, unverified)), final
        )


class ReceiptChain(Protocol):
    """What verifying needs of a chain and its contracts."""

    def chain_id(self) -> int: ...

    def head(self) -> BlockRef: ...

    def block_hash(self, number: int) -> str | None: ...

    def results_of(self, market: str) -> str:
        """The address of the results contract that this market takes commits from."""
        ...

    def transaction_events(self, tx_hash: str, results: str) -> Sequence[ChainEvent]:
        """The events of `results` in one transaction, named Results; empty when the chain doesn't have it."""
        ...


def verify_offline(receipt: Receipt, root: bytes | None = None) -> Report:
    """Checks that the receipt is consistent and, given one, that its output is of `root`. Raises ReceiptRefused."""
    try:
        rfp, spec = Rfp.from_json(receipt.rfp), ModelSpec.from_json(receipt.model_spec)
        market = parse_address(receipt.contracts.market)
    except AtomicError as error:
        raise ReceiptRefused(f"The receipt's terms or model are malformed: {error}") from error
    _require(to_hex(job_id(receipt.chain_id, market, rfp)) == receipt.job, "the job's id isn't that of its terms")
    _require(to_hex(model_id(spec)) == receipt.model, "the model's id isn't that of its spec")
    _require(to_hex(rfp.model_id) == receipt.model, "the job's terms name another model")
    _require(is_disputable(spec) == receipt.disputable, "it misstates whether the model can be disputed")
    _require(receipt.item.index < rfp.item_count, "the item lies beyond the job's item count")

    index = receipt.item.index
    inputs = _check_side("input", receipt.item.inputs, spec.inputs, rfp.input_root, index, rfp.item_count)
    committed = parse_word(receipt.commitment.root)
    outputs = _check_side("output", receipt.item.outputs, spec.outputs, committed, index, rfp.item_count)
    verified = [
        "The job's id is the hash of its terms, and the model's id the hash of its spec.",
        *inputs,
        *outputs,
    ]
    if root is None:
        return Report(
            tuple(map(Check, verified)), (Check("No root or chain was given to check the commitment."),), False
        )
    _require(root == committed, f"its committed root is {receipt.commitment.root}, not the root you gave")
    verified.append("The output belongs to the root that you gave.")
    unverified = ["That this root was committed on a chain, when, by whom, and that it is final: no chain was asked."]
    return Report(tuple(map(Check, verified)), tuple(map(Check, unverified)), False)


def verify_on_chain(receipt: Receipt, chain: ReceiptChain, *, trusted_market: str | None = None) -> Report:
    """Checks the receipt against the chain too. `trusted_market` is the market that the reader knows, if any.

    Raises ReceiptRefused, and what `chain` raises when it can't be reached.
    """
    report = verify_offline(receipt)
    found = chain.chain_id()
    _require(found == receipt.chain_id, f"it is of chain {receipt.chain_id}, this is chain {found}")
    if trusted_market is not None:
        same = parse_address(trusted_market) == parse_address(receipt.contracts.market)
        _require(same, "its market is not the one that you trust")
    same = parse_address(chain.results_of(receipt.contracts.market)) == parse_address(receipt.contracts.results)
    _require(same, "its market takes results from another contract")
    _check_commitment(receipt, chain)
    final = _check_finality(receipt, chain)
    verified = [
        f"Worker {receipt.commitment.worker} committed this output in block {receipt.commitment.block_number} "
        f"of chain {receipt.chain_id}."
    ]
    unverified = []
    if trusted_market is None:
        unverified.append(f"That market {receipt.contracts.market} is the one you mean: no deployment was given.")
    if receipt.finality is None:
        unverified.append(
            f"Finality: the job was not final when the receipt was made (due at {receipt.commitment.final_at})."
        )
    elif final:
        verified.append(f"The result became final in block {receipt.finality.block_number} and stands.")
    elif receipt.finality.slashed:
        verified.append("The worker was slashed for this job: the result does NOT stand and the payment was refunded.")
    else:
        unverified.append("Whether this item is among the void ones of its job.")
    if not receipt.disputable:
        unverified.append(
            "That the output is right: this model is undisputable, so no contract could have judged it. "
            "It is what the worker committed."
        )
    return Report(report.verified, (), False).joined(verified, unverified, final)


def _check_side(
    name: str, side: Side, signature: Sequence[TensorSig], root: bytes, index: int, count: int
) -> list[str]:
    roots = [parse_word(text) for text in side.tensor_roots]
    _require(len(roots) == len(signature), f"its {name} has {len(roots)} tensors, the model {len(signature)}")
    try:
        verify_entry(root, item_root(roots), index, count, [parse_word(node) for node in side.path])
    except AtomicError as error:
        raise ReceiptRefused(f"The receipt is wrong: the {name}'s path doesn't lead to its root: {error}") from error
    words = f"The {name} tensors' roots lead to the job's {name} root."
    if side.tensors is None:
        return [words]
    _require(len(side.tensors) == len(roots), f"its {name} doesn't have bytes for each tensor")
    for text, tensor, expected in zip(side.tensors, signature, roots, strict=True):
        _require(_tensor_root(text, tensor) == expected, f"the bytes of {name} {tensor.name!r} don't have its root")
    return [words, f"The {name} bytes in the receipt are those of the roots."]


def _tensor_root(text: str, tensor: TensorSig) -> bytes:
    try:
        data = b64decode(text, validate=True)
        spec = TensorSpec(tensor.name, DType(tensor.dtype), tuple(tensor.shape))
    except (ValueError, AtomicError) as error:
        raise ReceiptRefused(f"The receipt is wrong: tensor {tensor.name!r} is malformed: {error}") from error
    _require(len(data) == spec.nbytes, f"tensor {tensor.name!r} has {len(data)} bytes, its shape {spec.nbytes}")
    return tensor_root(data)


def _check_commitment(receipt: Receipt, chain: ReceiptChain) -> None:
    stated = receipt.commitment
    event = _event(chain, receipt, "Committed", stated.transaction, stated.block_number, stated.block_hash)
    args = event.args
    _require(parse_address(args["worker"]) == parse_address(stated.worker), "another worker committed the result")
    _require(args["attempt"] == stated.attempt, "the result is of another attempt")
    _require(args["root"] == stated.root, "the chain holds another root for this job")
    _require(args["payloadDigest"] == stated.payload_digest, "the chain holds another payload digest")
    _require(args["finalAt"] == stated.final_at, "the chain holds another time of finality")


def _check_finality(receipt: Receipt, chain: ReceiptChain) -> bool:
    """Whether the chain says that every item of the job stands."""
    stated = receipt.finality
    if stated is None:
        return False
    event = _event(chain, receipt, "Finalized", stated.transaction, stated.block_number, stated.block_hash)
    verdict: Mapping[str, Any] = event.args["verdict"]
    _require(event.args["root"] == receipt.commitment.root, "another root became final")
    _require(verdict["slashed"] == stated.slashed, "it misstates whether the worker was slashed")
    _require(verdict["voidItems"] == stated.void_items, "it misstates how many items are void")
    return not stated.slashed and stated.void_items == 0


def _event(chain: ReceiptChain, receipt: Receipt, name: str, tx_hash: str, number: int, block_hash: str) -> ChainEvent:
    job, results = receipt.job, receipt.contracts.results
    for event in chain.transaction_events(tx_hash, results):
        if event.contract == "Results" and event.name == name and event.args.get("job") == job:
            _require(event.block_number == number, f"its {name} transaction is in another block")
            _require(event.block_hash == block_hash, f"the block of its {name} transaction has another hash")
            canonical = chain.block_hash(number)
            _require(canonical == block_hash, f"the block of its {name} transaction is no longer on the chain")
            return event
    raise ReceiptRefused(f"The receipt is wrong: transaction {tx_hash} holds no {name} event for this job.")


def _require(holds: bool, words: str) -> None:
    if not holds:
        raise ReceiptRefused(
            f"The receipt is wrong: {words}.", hint="Fetch it again, or don't trust who handed it out."
        )
