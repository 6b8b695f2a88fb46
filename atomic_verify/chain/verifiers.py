"""Verifier contracts: where one stands, how it comes to stand there, and what it says of a proof.

Life cycle: publish, commit, receipt. A *verifier* checks the proofs of one circuit; it belongs to nobody and stands at
an address that follows from its *creation code*, put there by the common deployer through CREATE2 with salt 0. What
makes it the right one is the hash of its runtime code alone.
"""

from collections.abc import Sequence

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from atomic_verify.chain.call import Call
from atomic_verify.chain.errors import ChainError, RpcRefused
from atomic_verify.chain.reverts import as_revert
from atomic_verify.chain.rpc import Rpc
from atomic_verify.commitments.digests import Digest
from atomic_verify.models.circuit import CREATE2_DEPLOYER
from atomic_verify.protocol.primitives import Address

DEPLOYER = Address(to_checksum_address(CREATE2_DEPLOYER))
VERIFY_GAS = 5_000_000
"""For the call and its data; a bad point burns all that a precompile is given."""
VERIFY_SELECTOR = keccak(text="verifyProof(bytes,uint256[])")[:4]


class DeployerMissing(ChainError):
    """The common deployer, through which verifiers come to their addresses, doesn't stand on this chain."""

    code = "deployer-missing"


def code_hash_of(rpc: Rpc, address: str) -> Digest | None:
    """keccak256 of the code at an address, None where there is no code. Raises ChainUnavailable, RpcRefused."""
    code = bytes.fromhex(rpc.call("eth_getCode", [address, "latest"])[2:])
    return Digest(bytes(keccak(code))) if code else None


def deploy_call(rpc: Rpc, creation: bytes) -> Call:
    """The call that makes a verifier stand where its creation code says. Raises DeployerMissing, ChainUnavailable."""
    if code_hash_of(rpc, DEPLOYER) is None:
        raise DeployerMissing(
            f"The common deployer {DEPLOYER} doesn't stand on this chain.",
            hint="Put it there (Arachnid's deterministic-deployment-proxy), or deploy the verifier in another way.",
        )
    return Call("deployVerifier", DEPLOYER, bytes(32) + creation)


def is_proven(rpc: Rpc, verifier: str, proof: bytes, instances: Sequence[int]) -> bool:
    """Whether a verifier takes a proof about these instances. Raises ChainUnavailable, and RpcRefused for a node that
    can't be asked.
    """
    data = VERIFY_SELECTOR + encode(["bytes", "uint256[]"], [proof, list(instances)])
    query = {"to": verifier, "data": "0x" + data.hex(), "gas": hex(VERIFY_GAS)}
    try:
        answer: str = rpc.call("eth_call", [query, "latest"])
    except RpcRefused as error:
        if as_revert(error) is None and "gas" not in error.message.lower():
            raise
        return False
    return len(answer) == 66 and int(answer, 16) == 1
