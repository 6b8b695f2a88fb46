"""Quotes: a worker's EIP-712 signed offer to do one job at its price.

Used instead of an auction: the worker answers a requester with a signed quote, and the requester awards it in one
transaction. The *digest* is what is signed: it holds the chain and the market, so a quote can't be awarded elsewhere.
Making and checking signatures needs keys or the chain and lives in `chain`.
"""

from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from atomic_verify.protocol.codecs import Account, Uint
from atomic_verify.protocol.errors import QuoteExpired, QuoteMismatch
from atomic_verify.protocol.ids import job_id
from atomic_verify.protocol.primitives import Address, to_hex
from atomic_verify.protocol.types import Kind, Quote, Rfp

DOMAIN_NAME = "Atomic Market"
DOMAIN_VERSION = "1"

DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
QUOTE_TYPE = "Quote(bytes32 job,address worker,uint128 price,uint40 expiry)"


def typed_data(chain_id: int, market: Address, quote: Quote) -> dict[str, Any]:
    """The quote as `eth_signTypedData_v4` takes it; the integers are ints and bytes32 is hexadecimal."""
    return {
        "types": {"EIP712Domain": _members(DOMAIN_TYPE), "Quote": _members(QUOTE_TYPE)},
        "primaryType": "Quote",
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": chain_id,
            "verifyingContract": market,
        },
        "message": {
            "job": to_hex(quote.job),
            "worker": quote.worker,
            "price": int(quote.price),
            "expiry": quote.expiry,
        },
    }


def domain_separator(chain_id: int, market: Address) -> bytes:
    """The 32-byte EIP-712 domain separator of a market."""
    Uint(256).check("chainId", chain_id)
    Account().check("market", market)
    values = [keccak(text=DOMAIN_TYPE), keccak(text=DOMAIN_NAME), keccak(text=DOMAIN_VERSION), chain_id, market]
    return keccak(encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], values))


def quote_digest(chain_id: int, market: Address, quote: Quote) -> bytes:
    """The 32 bytes that a worker signs; equals Market.quoteDigest."""
    values = [keccak(text=QUOTE_TYPE), quote.job, quote.worker, quote.price, quote.expiry]
    struct_hash = keccak(encode(["bytes32", "bytes32", "address", "uint128", "uint40"], values))
    return keccak(b"\x19\x01" + domain_separator(chain_id, market) + struct_hash)


def check_quote(chain_id: int, market: Address, rfp: Rfp, quote: Quote, now: int) -> None:
    """Refuses a quote that the market would not award for `rfp` at time `now`; the signature is checked elsewhere.

    Raises QuoteMismatch naming the field, or QuoteExpired.
    """
    if rfp.kind is not Kind.QUOTE:
        raise QuoteMismatch("The RFP is not of kind quote", field="kind", found=rfp.kind.name.lower())
    if rfp.bidding_time or rfp.reveal_time:
        raise QuoteMismatch("An RFP of kind quote has no bidding and no reveal time", field="biddingTime")
    if quote.job != job_id(chain_id, market, rfp):
        raise QuoteMismatch(
            "The quote is for another job",
            hint="A job's id changes with any term of its RFP, the market and the chain: ask for a new quote",
            field="job",
        )
    if quote.price != rfp.max_price:
        raise QuoteMismatch("The quote's price is not the RFP's", field="price")
    if now >= quote.expiry:
        raise QuoteExpired("The quote has expired", hint="Ask the worker for a new one", expiry=quote.expiry, now=now)


def _members(type_string: str) -> list[dict[str, str]]:
    """The members that an EIP-712 type string lists, as wallets want them."""
    inside = type_string[type_string.index("(") + 1 : -1]
    pairs = (member.split(" ") for member in inside.split(","))
    return [{"name": name, "type": kind} for kind, name in pairs]
