"""Ids, seals and digests against encodings written by hand and against eth_account's EIP-712 encoder."""

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from atomic_verify.chain.accounts import Account, encode_typed_data
from atomic_verify.commitments.digests import Digest
from atomic_verify.protocol.auction import tie_of
from atomic_verify.protocol.errors import AddressMalformed, FieldMalformed, FieldOutOfRange, QuoteExpired, QuoteMismatch
from atomic_verify.protocol.ids import bid_seal, job_id, model_id
from atomic_verify.protocol.quotes import check_quote, domain_separator, quote_digest, typed_data
from atomic_verify.protocol.types import (
    ZERO_WORD,
    Address,
    Amount,
    CriticalKind,
    CriticalStep,
    JobId,
    Kind,
    ModelSpec,
    OutputTolerance,
    Quote,
    Rfp,
    TensorSig,
    Tolerance,
)

CHAIN = 31_337
Words = list[int | bytes | str]


def words(*values: int | bytes | str) -> bytes:
    """One ABI word each: numbers and addresses to the right, 32 bytes as they are."""
    numbers = (int(value, 16) if isinstance(value, str) else value for value in values)
    return b"".join(value if isinstance(value, bytes) else value.to_bytes(32, "big") for value in numbers)


def test_job_id_is_the_hash_of_plain_words(rfp: Rfp, market: Address) -> None:
    first = words(CHAIN, market, rfp.requester, 7, rfp.model_id, rfp.input_root, 3, rfp.token)
    assert job_id(CHAIN, market, rfp) == keccak(first + words(10**19, 5 * 10**18, 100, 50, 600, 3600, 1, 1))


def test_job_id_depends_on_every_term_the_chain_and_the_market(rfp: Rfp, market: Address, stranger: Address) -> None:
    other = {
        job_id(CHAIN + 1, market, rfp),
        job_id(CHAIN, stranger, rfp),
        *(job_id(CHAIN, market, changed) for changed in each_term_changed(rfp)),
    }
    assert len(other) == 16
    assert job_id(CHAIN, market, rfp) not in other


def each_term_changed(rfp: Rfp) -> list[Rfp]:
    """One RFP per field, with only that field changed."""
    changed = []
    for index, value in enumerate(rfp.to_abi()):
        values = list(rfp.to_abi())
        if isinstance(value, bytes):
            values[index] = b"\xee" * 32
        else:
            values[index] = "0x" + "11" * 20 if isinstance(value, str) else value ^ 3
        changed.append(Rfp.from_abi(values))
    return changed


def test_bid_seal_is_the_hash_of_plain_words(market: Address, worker: Address) -> None:
    job, salt = JobId(b"\x05" * 32), b"\x06" * 32
    seal = bid_seal(CHAIN, market, job, worker, Amount(9), salt)
    assert seal == keccak(words(CHAIN, market, job, worker, 9, salt))
    assert tie_of(seal) == int.from_bytes(seal, "big") >> 152


@pytest.mark.parametrize("salt", [b"", b"\x01" * 31, b"\x01" * 33])
def test_a_short_salt_is_refused(market: Address, worker: Address, salt: bytes) -> None:
    with pytest.raises(FieldMalformed, match="salt"):
        bid_seal(CHAIN, market, JobId(b"\x05" * 32), worker, Amount(9), salt)


def test_what_does_not_fit_is_refused(rfp: Rfp, market: Address, worker: Address) -> None:
    with pytest.raises(FieldOutOfRange, match="price"):
        bid_seal(CHAIN, market, JobId(b"\x05" * 32), worker, Amount(2**128), ZERO_WORD)
    with pytest.raises(AddressMalformed, match="market"):
        job_id(CHAIN, Address("0x12"), rfp)
    with pytest.raises(FieldOutOfRange, match="chainId"):
        job_id(-1, market, rfp)


def test_model_id_is_the_hash_of_the_encoding_written_by_hand() -> None:
    root = [Digest(bytes([n]) * 32) for n in range(8)]
    tolerance = OutputTolerance(Tolerance(1, 2), Tolerance(3, 4))
    critical = CriticalStep(CriticalKind.HEAD, False, root[5], root[6], root[7], 8, 9, 10, 11)
    spec = ModelSpec(
        root[1], root[2], 6, 12, 11, 10, True, root[3], root[4],
        (TensorSig("ab", 1, (2, 3)),), (TensorSig("c", 7, ()),), (tolerance,), critical,
    )  # fmt: skip
    # A list of one tensor: length, offset of the tensor, then the tensor: offset of name, dtype, offset of shape.
    one_input: Words = [1, 0x20, 0x60, 1, 0xA0, 2, b"ab".ljust(32, b"\0"), 2, 2, 3]
    one_output: Words = [1, 0x20, 0x60, 7, 0xA0, 1, b"c".ljust(32, b"\0"), 0]
    head_words = 21
    offsets = [
        head_words * 32,
        (head_words + len(one_input)) * 32,
        (head_words + len(one_input) + len(one_output)) * 32,
    ]
    step: Words = [1, 0, root[5], root[6], root[7], 8, 9, 10, 11]
    head: Words = [root[1], root[2], 6, 12, 11, 10, 1, root[3], root[4], *offsets, *step]
    assert model_id(spec) == keccak(words(0x20, *head, *one_input, *one_output, 1, 1, 2, 3, 4))


@pytest.fixture
def quote_rfp(rfp: Rfp) -> Rfp:
    return replace(rfp, kind=Kind.QUOTE, bidding_time=0, reveal_time=0)


@pytest.fixture
def quote(quote_rfp: Rfp, market: Address, worker: Address) -> Quote:
    return Quote(job_id(CHAIN, market, quote_rfp), worker, quote_rfp.max_price, 5_000)


def test_quote_digest_is_eth_account_s(quote: Quote, market: Address) -> None:
    signable = encode_typed_data(full_message=typed_data(CHAIN, market, quote))
    assert signable.header == domain_separator(CHAIN, market)
    assert quote_digest(CHAIN, market, quote) == keccak(b"\x19" + signable.version + signable.header + signable.body)


def test_a_signature_over_the_typed_data_recovers_from_the_digest(quote: Quote, market: Address) -> None:
    signer = Account.from_key(b"\x11" * 32)
    signed = signer.sign_typed_data(full_message=typed_data(CHAIN, market, quote))
    digest = quote_digest(CHAIN, market, quote)
    assert Account._recover_hash(digest, signature=signed.signature) == signer.address
    elsewhere = quote_digest(CHAIN + 1, market, quote)
    assert Account._recover_hash(elsewhere, signature=signed.signature) != signer.address


def test_the_digest_depends_on_each_field(quote: Quote, market: Address, stranger: Address) -> None:
    digests = {
        quote_digest(CHAIN, market, quote),
        quote_digest(CHAIN + 1, market, quote),
        quote_digest(CHAIN, stranger, quote),
        quote_digest(CHAIN, market, replace(quote, job=JobId(b"\x09" * 32))),
        quote_digest(CHAIN, market, replace(quote, worker=stranger)),
        quote_digest(CHAIN, market, replace(quote, price=Amount(1))),
        quote_digest(CHAIN, market, replace(quote, expiry=5_001)),
    }
    assert len(digests) == 7


@pytest.mark.parametrize("now", [0, 4_999])
def test_a_quote_that_fits_passes_until_it_expires(quote_rfp: Rfp, quote: Quote, market: Address, now: int) -> None:
    check_quote(CHAIN, market, quote_rfp, quote, now)


@pytest.mark.parametrize("now", [5_000, 5_001])
def test_an_expired_quote_is_refused(quote_rfp: Rfp, quote: Quote, market: Address, now: int) -> None:
    with pytest.raises(QuoteExpired):
        check_quote(CHAIN, market, quote_rfp, quote, now)


def test_a_quote_for_something_else_is_refused(
    quote_rfp: Rfp, quote: Quote, market: Address, stranger: Address
) -> None:
    for rfp in each_term_changed(quote_rfp):
        with pytest.raises(QuoteMismatch):
            check_quote(CHAIN, market, rfp, quote, 0)
    with pytest.raises(QuoteMismatch) as caught:
        check_quote(CHAIN, market, quote_rfp, replace(quote, price=Amount(1)), 0)
    assert caught.value.details["field"] == "price"
    for chain, at in ((CHAIN + 1, market), (CHAIN, stranger)):
        with pytest.raises(QuoteMismatch) as caught:
            check_quote(chain, at, quote_rfp, quote, 0)
        assert caught.value.details["field"] == "job"


def test_a_quote_for_an_auction_is_refused(rfp: Rfp, quote: Quote, market: Address) -> None:
    with pytest.raises(QuoteMismatch) as caught:
        check_quote(CHAIN, market, rfp, quote, 0)
    assert caught.value.details["field"] == "kind"
    with pytest.raises(QuoteMismatch) as caught:
        check_quote(CHAIN, market, replace(rfp, kind=Kind.QUOTE), quote, 0)
    assert caught.value.details["field"] == "biddingTime"
