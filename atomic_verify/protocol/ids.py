"""The hashes that jobs, models, sealed bids and sealed claims are known by; byte-equal to the contracts'.

Used at posting, publishing, bidding and claiming. Each is keccak256 over a plain ABI encoding. A job's id and the seals
hold the chain and the contract, so nothing signed or sealed for one deployment means anything on another.
"""

from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from atomic_verify.protocol.codecs import Account, Codec, Uint, Word
from atomic_verify.protocol.primitives import Address, Amount, JobId, ModelId
from atomic_verify.protocol.types import ClaimTerms, Demand, ModelSpec, Rfp

_CHAIN_ID = Uint(256)
_PRICE = Uint(128)


def job_id(chain_id: int, market: Address, rfp: Rfp) -> JobId:
    """The id of the job with these terms: keccak256(abi.encode(chainid, market, rfp))."""
    _require(_CHAIN_ID, "chainId", chain_id)
    _require(Account(), "market", market)
    return JobId(keccak(encode(["uint256", "address", Rfp.abi_type()], [chain_id, market, rfp.to_abi()])))


def model_id(spec: ModelSpec) -> ModelId:
    """The id of the model with this spec: keccak256(abi.encode(spec))."""
    return ModelId(keccak(spec_bytes(spec)))


def spec_bytes(spec: ModelSpec) -> bytes:
    """abi.encode(spec), as it is submitted with proofs."""
    return bytes(encode([ModelSpec.abi_type()], [spec.to_abi()]))


def bid_seal(chain_id: int, market: Address, job: JobId, worker: Address, price: Amount, salt: bytes) -> bytes:
    """The 32-byte seal of a bid. `salt` is 32 secret random bytes: with fewer, the price could be found by trying."""
    _require(_CHAIN_ID, "chainId", chain_id)
    _require(Account(), "market", market)
    _require(Word(), "job", job)
    _require(Account(), "worker", worker)
    _require(_PRICE, "price", price)
    _require(Word(), "salt", salt)
    types = ["uint256", "address", "bytes32", "address", "uint128", "bytes32"]
    return keccak(encode(types, [chain_id, market, job, worker, price, salt]))


def claim_seal(chain_id: int, disputes: Address, claimer: Address, terms: ClaimTerms, salt: bytes) -> bytes:
    """The 32-byte seal of a claim. `salt` is 32 secret random bytes: with fewer, the job could be found by trying."""
    _require(_CHAIN_ID, "chainId", chain_id)
    _require(Account(), "disputes", disputes)
    _require(Account(), "claimer", claimer)
    _require(Word(), "salt", salt)
    inner = keccak(encode([ClaimTerms.abi_type()], [terms.to_abi()]))
    return keccak(
        encode(["uint256", "address", "address", "bytes32", "bytes32"], [chain_id, disputes, claimer, inner, salt])
    )


def demand_hash(demand: Demand) -> bytes:
    """What a line keeps of its open demand: keccak256(abi.encode(demand))."""
    return keccak(encode([Demand.abi_type()], [demand.to_abi()]))


def _require(codec: Codec, name: str, value: Any) -> None:
    codec.check(name, value)
