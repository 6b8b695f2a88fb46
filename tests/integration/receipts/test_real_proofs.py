"""Receipts with real zk-SNARKs, held against the circuits' own verifiers on a chain: honest ones and forged ones.

The SNARKs were recorded (see `scripts.vectors.snarks`); nothing here needs EZKL, but for the test that says so.
"""

import json
import shutil
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from atomic_verify.chain.anvil import Anvil, development_signer
from atomic_verify.chain.deploy import contract_address
from atomic_verify.chain.rpc import Rpc
from atomic_verify.chain.verifiers import VERIFY_SELECTOR, code_hash_of, deploy_call, is_proven
from atomic_verify.cli import app
from atomic_verify.commitments import DType, TensorSpec
from atomic_verify.models.build import build_model
from atomic_verify.models.circuit import verifier_address
from atomic_verify.models.library import InstalledModel
from atomic_verify.protocol.types import CriticalStep
from atomic_verify.receipts import Receipt, SnarkRefused, verify_on_chain
from circuits.runner import is_available
from tests.support.proven_models import CREATION as YES_TO_ANYTHING
from tests.unit.receipts.proven import Case, make_case
from tests.unit.receipts.recorded import RecordedChain

ROOT = Path(__file__).resolve().parents[3]
SNARKS = ROOT / "tests" / "vectors" / "snarks.json"


@dataclass
class AnvilVerifiers(RecordedChain):
    """A recorded chain whose verifier contracts stand on a real one."""

    rpc: Rpc | None = None

    def code_hash(self, address: str) -> bytes | None:
        assert self.rpc is not None
        return code_hash_of(self.rpc, address)

    def is_proven(self, verifier: str, snark: bytes, instances: Sequence[int]) -> bool:
        assert self.rpc is not None
        return is_proven(self.rpc, verifier, snark, instances)


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SNARKS.read_text())
    return found


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    with Anvil() as running:
        yield running


def deployed(anvil: Anvil, creation: bytes) -> str:
    """A verifier where everybody expects it."""
    call = deploy_call(anvil.rpc, creation)
    send(anvil, 0, to=call.to, data="0x" + call.data.hex())
    return verifier_address(creation)


def send(anvil: Anvil, account: int, **fields: str) -> str:
    """Sends a transaction, waits until it is mined, and returns the sender."""
    sender = development_signer(account).address
    sent = anvil.request("eth_sendTransaction", {"from": sender, **fields})
    while anvil.request("eth_getTransactionReceipt", sent) is None:
        time.sleep(0.01)
    return sender


def creation_of(circuit: str) -> bytes:
    return bytes.fromhex((ROOT / "circuits" / circuit / "verifier.bin").read_text().strip().removeprefix("0x"))


def floats(text: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.frombuffer(bytes.fromhex(text[2:]), "<f4").reshape(1, -1)


@pytest.fixture(scope="module")
def penguins(anvil: Anvil, recorded: dict[str, Any]) -> Case:
    """A proven job of the recorded penguins, on the real model."""
    model, whole = build_model(ROOT / "models" / "penguins", ROOT / "build" / "models"), recorded["whole"]
    manifest = model.manifest
    specs = (list(manifest.input_specs), list(manifest.output_specs))
    inputs = [{specs[0][0].name: floats(one)} for one in whole["read"]]
    outputs = [{specs[1][0].name: floats(one)} for one in whole["scores"]]
    spec = manifest.spec()
    assert spec.critical.to_json() == whole["step"], "record the proofs again: python -m scripts.vectors.snarks"
    proofs = [bytes.fromhex(one[2:]) for one in whole["proofs"]]
    verifier = deployed(anvil, creation_of("penguins"))
    return on_anvil(make_case(spec.critical, specs, inputs, outputs, proofs, verifier, spec), anvil)


@pytest.fixture(scope="module")
def head(anvil: Anvil, recorded: dict[str, Any]) -> Case:
    """A hybrid job with the recorded head of magika."""
    found = recorded["head"]
    step = CriticalStep.from_json(found["step"])
    read, scores = (floats(found[name][0]) for name in ("read", "scores"))
    outputs = [TensorSpec("features", DType.FLOAT, read.shape), TensorSpec("scores", DType.FLOAT, scores.shape)]
    specs = ([TensorSpec("x", DType.INT32, (1,))], outputs)
    items = [{"features": read, "scores": scores}]
    proofs = [bytes.fromhex(one[2:]) for one in found["proofs"]]
    verifier = deployed(anvil, creation_of("magika-head"))
    case = make_case(step, specs, [{"x": np.zeros(1, np.int32)}], items, proofs, verifier)
    return on_anvil(case, anvil)


def on_anvil(case: Case, anvil: Anvil) -> Case:
    return replace(case, chain=AnvilVerifiers(case.chain.events, rpc=anvil.rpc))


def with_snark(receipt: Receipt, snark: bytes) -> Receipt:
    assert receipt.proof is not None
    text = b64encode(snark).decode()
    return receipt.model_copy(update={"proof": receipt.proof.model_copy(update={"snark": text})})


def test_recorded_proofs_hold_with_the_instances_that_the_receipt_gives(
    penguins: Case, head: Case, recorded: dict[str, Any]
) -> None:
    for case, kind in ((penguins, "whole"), (head, "head")):
        for at in range(case.rfp.item_count):
            report = verify_on_chain(case.receipt(at), case.chain)
            assert report.proof is not None
            assert report.proof.checked_by == ("commit", "verifier")
            assert [str(one) for one in report.proof.instances] == recorded[kind]["instances"][at]
            assert report.final


def test_forged_proofs_are_refused(penguins: Case, recorded: dict[str, Any]) -> None:
    receipt, good = penguins.receipt(0), penguins.snarks[0]
    forged = {
        "of another item": penguins.snarks[1],
        "cut": good[:-32],
        "extended by a byte": good + b"\x00",
        "extended by a word": good + bytes(32),
        "empty but for a byte": b"\x00",
        "of another circuit": bytes.fromhex(recorded["head"]["proofs"][0][2:]),
    }
    forged |= {f"byte {at} flipped": good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in (0, 31, 64, 1_000)}
    malformed = recorded["malformed"]
    forged |= {what: bytes.fromhex(one[2:]) for what, one in zip(malformed["what"], malformed["proofs"], strict=True)}
    assert len(forged) > 40
    accepted = []
    for what, snark in forged.items():
        try:
            verify_on_chain(with_snark(receipt, snark), penguins.chain)
        except SnarkRefused:
            continue
        accepted.append(what)
    assert accepted == []


def test_another_contract_that_says_yes_is_no_verifier(anvil: Anvil, penguins: Case) -> None:
    receipt, yes = penguins.receipt(0), deployed(anvil, YES_TO_ANYTHING)
    assert is_proven(anvil.rpc, yes, b"\x01" * 64, [1])
    with pytest.raises(SnarkRefused, match="hasn't the code"):
        verify_on_chain(receipt, penguins.chain, verifier=yes)
    nobody = "0x" + "12" * 20
    with pytest.raises(SnarkRefused, match="hasn't the code"):
        verify_on_chain(receipt, penguins.chain, verifier=nobody)
    # A verifier whose code changed, as only a development chain can.
    named = penguins.chain.events[1].args["verifier"]
    code = anvil.request("eth_getCode", named, "latest")
    anvil.request("anvil_setCode", named, anvil.request("eth_getCode", yes, "latest"))
    with pytest.raises(SnarkRefused, match="hasn't the code"):
        verify_on_chain(receipt, penguins.chain)
    anvil.request("anvil_setCode", named, code)


def test_the_same_code_elsewhere_is_as_good(anvil: Anvil, penguins: Case) -> None:
    other = contract_address(send(anvil, 3, data="0x" + creation_of("penguins").hex()), 0)
    assert verify_on_chain(penguins.receipt(2), penguins.chain, verifier=other).final
    with pytest.raises(SnarkRefused, match="doesn't prove"):
        verify_on_chain(with_snark(penguins.receipt(2), penguins.snarks[0]), penguins.chain, verifier=other)


def test_a_contract_that_burns_all_gas_proves_nothing(anvil: Anvil) -> None:
    endless, answerless = "0x" + "e1" * 20, "0x" + "e2" * 20
    anvil.request("anvil_setCode", endless, "0x5b600056")
    anvil.request("anvil_setCode", answerless, "0x00")
    assert VERIFY_SELECTOR.hex() == "1e8e1e13"
    assert not is_proven(anvil.rpc, endless, b"\x01", [1])
    assert not is_proven(anvil.rpc, answerless, b"\x01", [1])


def shown(file: Path, models: Path, *more: str) -> Any:
    environment = {"ATOMIC_MODELS_DIR": str(models), "ATOMIC_DEPLOYMENTS_DIR": str(file.parent)}
    return CliRunner().invoke(app, ["verify", str(file), *more], env=environment)


def test_without_the_model_the_command_says_what_it_would_take(penguins: Case, tmp_path: Path) -> None:
    file = tmp_path / "receipt.json"
    file.write_text(penguins.receipt(0).to_json())
    told = shown(file, tmp_path / "none")
    assert told.exit_code == 0
    words = " ".join(told.output.split())
    assert "The SNARK itself" in words
    assert ("atomic model build" in words) if is_available() else ("atomic-verify[zk]" in words)
    assert "To be proven by the zk-SNARK, which was not checked here" in words
    assert "development SRS" in words


@pytest.mark.skipif(not is_available(), reason="EZKL isn't installed: it is what is asked here")
def test_with_ezkl_and_the_model_the_command_checks_the_proof_by_itself(penguins: Case, tmp_path: Path) -> None:
    models = ROOT / "build" / "models"
    assert InstalledModel.open(models / "penguins").manifest.spec() == penguins.spec
    file = tmp_path / "receipt.json"
    file.write_text(penguins.receipt(0).to_json())
    told = shown(file, models, "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert found["proof"]["checked_by"] == ["ezkl"]
    assert found["answer"]["class_index"] == found["proof"]["decision"]
    broken = tmp_path / "models" / "penguins"
    shutil.copytree(models / "penguins", broken)
    (broken / ".circuit" / "vk.key").write_bytes(b"no key")
    (broken / "network.onnx").write_bytes(b"no network")
    words = " ".join(shown(file, broken.parent).output.split())
    assert "The SNARK itself" in words
    assert "network.onnx isn't the file that the manifest pins" in words
    for forged in (penguins.snarks[1], penguins.snarks[0] + b"\x00"):
        file.write_text(with_snark(penguins.receipt(0), forged).to_json())
        told = shown(file, models)
        assert told.exit_code == 1
        assert "receipt-snark-refused" in told.output
