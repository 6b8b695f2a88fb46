"""The receipt's format: strict, bounded JSON of which every field is checked by `verify`.

Life cycle: after the commit (not final yet) and after finality. Hashes, roots and addresses are 0x-hex, tensor bytes
base64 of the canonical encoding, amounts decimal strings beyond 2^53, times unix seconds.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from atomic_verify.receipts.errors import ReceiptMalformed

MAX_RECEIPT_BYTES = 2**26
MAX_VOIDS = 1024
MAX_SNARK_TEXT = 2**17

Word = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
AddressText = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
Path32 = Annotated[list[Word], Field(max_length=20)]
Count = Annotated[int, Field(ge=0, lt=2**53)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel, populate_by_name=True)


class Contracts(_Part):
    """The contracts that the receipt speaks of. Compare them with a deployment that you trust."""

    market: AddressText
    results: AddressText


class Side(_Part):
    """The item's tensors on one side, input or output, in signature order."""

    tensor_roots: Annotated[list[Word], Field(min_length=1, max_length=16)]
    path: Path32
    """From the item's root up to the batch root."""
    tensors: Annotated[list[str], Field(min_length=1, max_length=16)] | None = None
    """Each tensor's bytes; left out when they are too large for a receipt."""


class Item(_Part):
    index: Count
    inputs: Side
    outputs: Side


class Commitment(_Part):
    """The worker's commit, as the `Committed` event tells it."""

    worker: AddressText
    attempt: Count
    root: Word
    payload_digest: Word
    final_at: Count
    transaction: Word
    block_number: Count
    block_hash: Word


class Void(_Part):
    """An item of the job that a claim found void, as the `ClaimClosed` event tells it."""

    item: Count
    challenger: AddressText
    transaction: Word
    block_number: Count
    block_hash: Word


class Finality(_Part):
    """The end of the job, as the events `Finalized` of Results and `Settled` of Market tell it."""

    state: Literal["final", "slashed"]
    """Slashed: the requester got all of its money back, whatever became of this item."""
    slashed: bool
    """Whether a claim or a line convicted the worker; without that a third void job in a row of jobs slashes."""
    void_items: Count
    transaction: Word
    block_number: Count
    block_hash: Word


class Proof(_Part):
    """What is proven of the item, as the `Proven` event of the commit tells it, and the zk-SNARK."""

    verifier: AddressText
    decision: Annotated[int, Field(ge=0, lt=2**31)]
    """The index of the largest score."""
    certain: bool
    """Whether the model's canonical evaluation decides alike, given that the committed features stand."""
    snark: Annotated[str, Field(min_length=1, max_length=MAX_SNARK_TEXT)] | None
    """Base64. None if the result was committed through another contract, whose calls nobody can read."""
    transaction: Word
    """That of the commit."""


class Receipt(_Part):
    """One item of one job."""

    format: Literal["atomic-receipt/1"] = "atomic-receipt/1"
    chain_id: Annotated[int, Field(gt=0, lt=2**53)]
    contracts: Contracts
    job: Word
    rfp: dict[str, Any]
    """The RFP's terms, as `protocol.types.Rfp.to_json` writes them."""
    model: Word
    model_spec: dict[str, Any]
    """All that defines the model, as `protocol.types.ModelSpec.to_json` writes it."""
    disputable: bool
    """False: no contract can judge this model's results; the answer is the worker's word, backed by no dispute."""
    item: Item
    commitment: Commitment
    voids: Annotated[list[Void], Field(max_length=MAX_VOIDS)]
    """The void items, so that whoever isn't among all of them is good; of more than MAX_VOIDS only the item's own."""
    finality: Finality | None
    """None as long as the job isn't final."""
    proof: Proof | None
    """Of an item of a `hybrid` or `proven` job, and of no other."""

    @property
    def own_void(self) -> Void | None:
        """The void of the receipt's item, if it is void."""
        return next((void for void in self.voids if void.item == self.item.index), None)

    def to_json(self) -> str:
        """The receipt as a file's text."""
        return self.model_dump_json(by_alias=True, indent=2)


def load_receipt(source: Path | str | bytes) -> Receipt:
    """The receipt in a file (a Path) or a text. Raises ReceiptMalformed."""
    try:
        if isinstance(source, Path):
            if source.stat().st_size > MAX_RECEIPT_BYTES:
                raise ReceiptMalformed(f"A receipt has at most {MAX_RECEIPT_BYTES} bytes.", file=str(source))
            source = source.read_bytes()
        if len(source) > MAX_RECEIPT_BYTES:
            raise ReceiptMalformed(f"A receipt has at most {MAX_RECEIPT_BYTES} bytes.")
        return Receipt.model_validate_json(source)
    except OSError as error:
        raise ReceiptMalformed(f"The receipt can't be read: {error.strerror}.", file=str(source)) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ReceiptMalformed(
            f"This is no receipt: {where or 'the file'}: {first['msg']}.",
            hint="Fetch the receipt again; it must not be edited.",
            field=where,
        ) from None
