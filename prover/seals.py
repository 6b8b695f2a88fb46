"""The seals of the worker's bids, which it can open again with nothing but its key and the chain.

Life cycle: bid, reveal. A bid is sealed with a *salt*; whoever loses the salt or the price cannot reveal and loses the
job bond. So neither has to be remembered: the salt is an HMAC over the job's id under a *sealing secret* that follows
from the worker's key, and the price lies on a grid (see `bidding`) that can be searched for the one that makes the
seal.

The sealing secret is the hash of the key's signature over a fixed EIP-712 message. Signatures here are deterministic
(RFC 6979). Whoever gets the key to sign that message elsewhere can read sealed bids, so it says what it is for.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from atomic_verify.protocol.ids import bid_seal
from atomic_verify.protocol.primitives import BASIS_POINTS, Address, Amount, JobId
from prover.bidding import grid_price

_STATEMENT = "This signature opens the sealed bids of this account. Sign it for nobody but the account's own worker."


class TypedDataSigner(Protocol):
    """A key that signs EIP-712 typed data, deterministically."""

    @property
    def address(self) -> Address: ...

    def sign_typed_data(self, typed: Mapping[str, Any]) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens the bids of one worker on one market."""

    chain_id: int
    market: Address
    worker: Address
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, signer: TypedDataSigner, chain_id: int, market: Address) -> "Sealer":
        """The sealer of a key; the same on every machine that has the key."""
        signature = signer.sign_typed_data(_message(chain_id, market))
        return cls(chain_id, market, signer.address, hashlib.sha256(b"atomic bid salts" + signature).digest())

    def salt(self, job: JobId) -> bytes:
        """The 32-byte salt of this worker's bid on `job`."""
        return hmac.new(self.secret, job, hashlib.sha256).digest()

    def seal(self, job: JobId, price: Amount) -> bytes:
        """The seal that Market.bid takes for `price`."""
        return bid_seal(self.chain_id, self.market, job, self.worker, price, self.salt(job))

    def open(self, job: JobId, seal: bytes, max_price: Amount, guess: Amount | None = None) -> Amount | None:
        """The price that `seal` was made with, `guess` tried first; None if it isn't one of this sealer's."""
        return next((price for price in _candidates(max_price, guess) if self.seal(job, price) == seal), None)


def _candidates(max_price: Amount, guess: Amount | None) -> Iterator[Amount]:
    if guess is not None:
        yield guess
    for points in range(BASIS_POINTS + 1):
        yield grid_price(points, max_price)


def _message(chain_id: int, market: Address) -> dict[str, Any]:
    return {
        "types": {
            "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "chainId", "type": "uint256"}],
            "BidSalts": [{"name": "statement", "type": "string"}, {"name": "market", "type": "address"}],
        },
        "primaryType": "BidSalts",
        "domain": {"name": "Atomic Worker", "chainId": chain_id},
        "message": {"statement": _STATEMENT, "market": market},
    }
