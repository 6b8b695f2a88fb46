"""The verifier as a contract: compiled with the project's own compiler, and what a call of it costs.

Life cycle: build, check. Needs the repository with its Node packages; a worker needs neither.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eth_abi.abi import encode

from atomic_verify.chain.anvil import Anvil
from atomic_verify.chain.verifiers import VERIFY_SELECTOR
from atomic_verify.models.circuit import MAX_CODE_BYTES
from circuits.errors import CircuitFailed, SolcMissing

COMPILER: Final = Path(__file__).resolve().parent.parent / "scripts" / "solc.js"
SOURCE = "verifier.sol"
SECONDS = 120
RECEIPT_TRIES, RECEIPT_PAUSE = 500, 0.02
ENOUGH_GAS = 15_000_000
BASE_GAS, ZERO_GAS, BYTE_GAS = 21_000, 4, 16
"""Of a transaction, and of each byte of its calldata."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A compiled verifier: the code that deploys it and the code that then stands on the chain."""

    creation: bytes
    runtime: bytes


def compiler_settings(optimizer_runs: int) -> dict[str, Any]:
    """Settings in the compiler's standard JSON: as the project's contracts have them. Without the optimizer the stack
    is too deep; without metadata the code follows from the source's meaning alone.
    """
    return {
        "optimizer": {"enabled": True, "runs": optimizer_runs},
        "evmVersion": "cancun",
        "metadata": {"bytecodeHash": "none", "appendCBOR": False},
    }


def compiler_version() -> str:
    """The compiler's version with its commit. Raises SolcMissing."""
    return _node("--version").split("Version:")[-1].strip()


def compile_verifier(source: str, settings: Mapping[str, Any]) -> Verifier:
    """Compile EZKL's source. Raises SolcMissing, and CircuitFailed for a verifier that no chain would take."""
    wanted = {"*": {"*": ["evm.bytecode.object", "evm.deployedBytecode.object"]}}
    request = {
        "language": "Solidity",
        "sources": {SOURCE: {"content": source}},
        "settings": dict(settings) | {"outputSelection": wanted},
    }
    answer = json.loads(_node(given=json.dumps(request)))
    wrong = [one["formattedMessage"] for one in answer.get("errors", []) if one["severity"] == "error"]
    made = list(answer.get("contracts", {}).get(SOURCE, {}).values())
    if wrong or len(made) != 1:
        raise SolcMissing("The compiler refused the verifier", reason="\n".join(wrong)[:1000])
    code = made[0]["evm"]
    verifier = Verifier(*(bytes.fromhex(code[part]["object"]) for part in ("bytecode", "deployedBytecode")))
    if len(verifier.runtime) > MAX_CODE_BYTES:
        raise CircuitFailed(
            f"The verifier has {len(verifier.runtime)} bytes; no chain takes more than {MAX_CODE_BYTES}",
            hint="Use fewer columns",
        )
    return verifier


def _node(*arguments: str, given: str = "") -> str:
    node = shutil.which("node")
    if node is None or not COMPILER.exists():
        raise SolcMissing("The project's Solidity compiler isn't here", hint="Run make setup in the repository")
    done = subprocess.run(
        [node, str(COMPILER), *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        cwd=COMPILER.parent.parent,
        check=False,
    )
    if done.returncode != 0:
        raise SolcMissing(
            "The project's Solidity compiler can't be run", hint="Run: make setup", reason=done.stderr.strip()[-500:]
        )
    return done.stdout


def calldata(proof: bytes, instances: Sequence[int]) -> bytes:
    """A call of the verifier."""
    return bytes(VERIFY_SELECTOR) + encode(["bytes", "uint256[]"], [proof, list(instances)])


def gas_of_verification(verifier: Verifier, proof: bytes, instances: Sequence[int]) -> int:
    """Gas that a call of the verifier uses, without the transaction's base and calldata, on a chain of its own.

    Raises AnvilMissing, AnvilFailed, and CircuitFailed if the verifier refuses the proof.
    """
    data = calldata(proof, instances)
    with Anvil() as chain:
        sender = chain.request("eth_accounts")[0]
        made = _sent(chain, {"from": sender, "data": "0x" + verifier.creation.hex()})
        found = _sent(chain, {"from": sender, "to": made["contractAddress"], "data": "0x" + data.hex()})
    if int(found["status"], 16) != 1:
        raise CircuitFailed("The verifier refuses a proof that EZKL accepts")
    paid = BASE_GAS + sum(BYTE_GAS if byte else ZERO_GAS for byte in data)
    return int(found["gasUsed"], 16) - paid


def _sent(chain: Anvil, transaction: dict[str, Any]) -> dict[str, Any]:
    digest = chain.request("eth_sendTransaction", transaction | {"gas": hex(ENOUGH_GAS)})
    for _ in range(RECEIPT_TRIES):
        receipt = chain.request("eth_getTransactionReceipt", digest)
        if receipt is not None:
            return dict(receipt)
        time.sleep(RECEIPT_PAUSE)
    raise CircuitFailed("The development chain doesn't mine")
