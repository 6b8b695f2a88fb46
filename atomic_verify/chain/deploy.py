"""Deploys the contracts and checks that they know each other.

Life cycle: before all steps, once per chain. Registry and Results need the market's address and the market needs
theirs; all are constants, so the market's address is *predicted* from the deployer and its nonce.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from atomic_verify.chain.artifacts import load
from atomic_verify.chain.client import chain_id_of
from atomic_verify.chain.deployment import Deployed, Deployment
from atomic_verify.chain.errors import DeploymentMismatch, RpcRefused, TransactionPending
from atomic_verify.chain.fees import choose
from atomic_verify.chain.interface import encode_values, interface, plain
from atomic_verify.chain.keystore import Signer
from atomic_verify.chain.presets import Preset, check
from atomic_verify.chain.reverts import Reverted, as_revert
from atomic_verify.chain.rpc import Rpc
from atomic_verify.protocol.primitives import Address

ORDER = ("UtilityToken", "Models", "Registry", "Referee", "Examiner", "Disputes", "Proofs", "Results", "Market")
"""Market comes last: its constructor asks the registry for its unbonding time, and Results for its disputes."""


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """How to deploy. `wait` in seconds for each transaction, `fee_cap` in wei per gas."""

    allow_public: bool = False
    commit: str = "unknown"
    wait: float = 120.0
    poll: float = 0.05
    fee_cap: int = 500 * 10**9


def deploy(rpc: Rpc, signer: Signer, preset: Preset, options: DeployOptions | None = None) -> Deployment:
    """Deploys all contracts from `signer`, which gets the utility tokens, and returns the record of it.

    Nothing else may send from that account meanwhile. Raises DeploymentRefused, DeploymentMismatch, Reverted,
    TransactionPending, ChainUnavailable.
    """
    options = options or DeployOptions()
    chain_id = chain_id_of(rpc)
    check(preset, chain_id, allow_public=options.allow_public)
    first = int(rpc.call("eth_getTransactionCount", [signer.address, "pending"]), 16)
    addresses = {name: contract_address(signer.address, first + at) for at, name in enumerate(ORDER)}
    arguments = constructor_arguments(preset, addresses, signer.address)
    block = int(rpc.call("eth_blockNumber", []), 16) + 1
    for at, name in enumerate(ORDER):
        data = load(name).bytecode + encode_values(interface(name).constructor, arguments[name])
        _create(rpc, signer, chain_id, first + at, name, data, options)
    contracts = {name: Deployed(addresses[name], _named(name, arguments[name])) for name in ORDER}
    deployment = Deployment(chain_id, block, options.commit, preset.name, MappingProxyType(contracts))
    verify_constants(rpc, deployment)
    return deployment


def constructor_arguments(
    preset: Preset, addresses: Mapping[str, Address], holder: Address
) -> dict[str, tuple[Any, ...]]:
    """Each constructor's arguments in order."""
    policies = {addresses["UtilityToken"]: preset.utility_policy, **preset.tokens}
    market, registry = addresses["Market"], addresses["Registry"]
    return {
        "UtilityToken": (holder, int(preset.supply)),
        "Models": (),
        "Registry": (market, preset.unbonding_time),
        "Referee": (),
        "Examiner": (addresses["Referee"],),
        "Disputes": (market, addresses["Results"], addresses["Examiner"], preset.disputes.to_abi()),
        "Proofs": (),
        "Results": (market, addresses["Disputes"], addresses["Proofs"], preset.claim_reveal_time),
        "Market": (
            addresses["UtilityToken"],
            registry,
            addresses["Models"],
            addresses["Results"],
            preset.market.to_abi(),
            list(policies),
            [policy.to_abi() for policy in policies.values()],
        ),
    }


def contract_address(deployer: Address, nonce: int) -> Address:
    """Where what `deployer` creates with `nonce` comes to stand: keccak256(rlp([deployer, nonce]))[12:]."""
    number = nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    coded = number if len(number) == 1 and number[0] < 0x80 else bytes([0x80 + len(number)]) + number
    payload = b"\x94" + bytes.fromhex(deployer[2:]) + coded
    return Address(to_checksum_address(keccak(bytes([0xC0 + len(payload)]) + payload)[12:]))


def verify_constants(rpc: Rpc, deployment: Deployment) -> None:
    """Asks each contract for what it was made with. Raises DeploymentMismatch naming what differs."""
    expected: Sequence[tuple[str, str, Address]] = (
        ("Registry", "market", deployment.market),
        ("Examiner", "referee", deployment.address("Referee")),
        ("Disputes", "market", deployment.market),
        ("Disputes", "results", deployment.results),
        ("Disputes", "examiner", deployment.address("Examiner")),
        ("Results", "market", deployment.market),
        ("Results", "disputes", deployment.disputes),
        ("Results", "proofs", deployment.address("Proofs")),
        ("Market", "registry", deployment.registry),
        ("Market", "models", deployment.models),
        ("Market", "results", deployment.results),
        ("Market", "disputes", deployment.disputes),
        ("Market", "utilityToken", deployment.utility_token),
    )
    for contract, function, address in expected:
        face = interface(contract)
        query = {"to": deployment.address(contract), "data": "0x" + face.encode_call(function).hex()}
        answer = bytes.fromhex(rpc.call("eth_call", [query, "latest"])[2:])
        found = face.decode_answer(function, answer)[0] if answer else "nothing"
        if found.lower() != address.lower():
            raise DeploymentMismatch(
                f"{contract}.{function} is {found}, not {address}",
                hint="Don't use this deployment: deploy again, with nothing else sending from the account.",
                contract=contract,
                function=function,
            )


def _create(
    rpc: Rpc, signer: Signer, chain_id: int, nonce: int, name: str, data: bytes, options: DeployOptions
) -> None:
    """Creates one contract and waits until it stands."""
    text = "0x" + data.hex()
    try:
        gas = int(rpc.call("eth_estimateGas", [{"from": signer.address, "data": text}]), 16)
    except RpcRefused as error:
        raise as_revert(error) or error from None
    block = rpc.call("eth_getBlockByNumber", ["latest", False])
    fees = choose(int(block.get("baseFeePerGas") or "0x0", 16), 10**9, options.fee_cap)
    raw, tx_hash = signer.sign_transaction(
        {
            "type": 2,
            "chainId": chain_id,
            "nonce": nonce,
            "data": text,
            "value": 0,
            "gas": gas + gas // 5,
            "maxFeePerGas": fees.max_fee,
            "maxPriorityFeePerGas": fees.priority_fee,
        }
    )
    rpc.call("eth_sendRawTransaction", [raw])
    deadline = time.monotonic() + options.wait
    while time.monotonic() < deadline:
        receipt = rpc.call("eth_getTransactionReceipt", [tx_hash])
        if receipt is not None:
            if int(receipt["status"], 16) != 1:
                raise Reverted("NoReason", {"contract": name}, hint="The constructor refused.")
            return
        time.sleep(options.poll)
    raise TransactionPending(f"{name} was sent and is not mined yet", hint="Deploy again later.", hashes=[tx_hash])


def _named(name: str, values: Sequence[Any]) -> dict[str, Any]:
    """A constructor's arguments by name, plain."""
    inputs = interface(name).constructor.inputs
    return {item["name"].rstrip("_"): plain(item, value) for item, value in zip(inputs, values, strict=True)}
