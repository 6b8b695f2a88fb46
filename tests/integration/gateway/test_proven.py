"""Hybrid and proven jobs over real HTTP: what is told of them, receipts that hold, results that can't be withheld.

The circuits are play ones (see `tests.support.proven_models`), since it is the gateway that is tested here; but for one
job whose proofs are real and were recorded.
"""

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eth_abi.abi import encode
from typer.testing import CliRunner

from atomic_verify.chain.presets import UNIT
from atomic_verify.chain.receipt_chain import ReceiptChain
from atomic_verify.chain.rpc import Rpc
from atomic_verify.cli import app
from atomic_verify.client import GatewayClient
from atomic_verify.commitments import Batch, encode_batch
from atomic_verify.gateway.guarantees import execution_seconds
from atomic_verify.models.build import build_model
from atomic_verify.models.library import InstalledModel, ModelLibrary
from atomic_verify.protocol.quanta import values_of
from atomic_verify.protocol.types import CriticalKind, Guarantee, ModelSpec, Rfp, Submission, parse_address
from atomic_verify.receipts import Report, Verdict, load_receipt, verify_on_chain
from tests.integration.gateway.test_gateway import _known, _payload, _rfp
from tests.support.proven_models import CREATION, SCALE, PlayCircuits, install_proven

ROOT = Path(__file__).resolve().parents[3]
ROWS = [[0.5, -1.5, 0.25, 1.0], [1.0, 1.0, -0.5, 0.0]]
LOWEST, FIRST_LARGEST_BACKWARDS = [1, 2], [0, 2]
"""What is decided: the head gives -sigmoid(x), the whole model x backwards; its second row has a tie."""


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    install_proven(folder / "tiny-head", "head")
    install_proven(folder / "tiny-whole", "whole")
    shutil.copytree(build_model(ROOT / "models" / "penguins", ROOT / "build" / "models").directory, folder / "penguins")
    return folder


def request(model: str, guarantee: str, rows: list[list[float]] = ROWS, **changes: Any) -> dict[str, Any]:
    return {
        "model": model,
        "items": [{"tensors": {"x": {"data": row}}} for row in rows],
        "max_price": str(UNIT),
        "kind": "quote",
        "guarantee": guarantee,
        "times": {"window": 2},
    } | changes


def encoded(model: InstalledModel) -> bytes:
    return encode([ModelSpec.abi_type()], [model.manifest.spec().to_abi()])


def submission(model: InstalledModel, rfp: Rfp, payload: bytes, outputs: bytes, verifier: str) -> Submission:
    """What an honest worker submits: the model's own features, and the circuit's scores with a proof of each."""
    manifest = model.manifest
    is_head = manifest.spec().critical.kind is CriticalKind.HEAD
    circuit, items, proofs = PlayCircuits().open(model), [], []
    for at in range(rfp.item_count):
        made = dict(Batch.from_payload(manifest.output_specs, rfp.item_count, outputs).item(at))
        given = Batch.from_payload(manifest.input_specs, rfp.item_count, payload).item(at)
        proof = circuit.prove(made["f"] if is_head else given["x"])
        made["y"] = values_of(np.array([proof.outputs], np.int64), SCALE)
        items.append(made)
        proofs.append(proof.proof)
    return Submission(
        spec=encoded(model),
        verifier=parse_address(verifier),
        inputs=b"" if is_head else payload,
        outputs=encode_batch(manifest.output_specs, items),
        proofs=tuple(proofs),
    )


def committed(
    door: Any, hand: Any, model: str, guarantee: str, *, oddly: bool = False
) -> tuple[str, Any, Rfp, Submission]:
    """A job that a worker has committed with proofs, which serves nothing at its own door."""
    worker = hand(2)
    worker.quotes_at = 1
    _known(door, 1)
    posted = door.client.post("/v1/jobs", json=request(model, guarantee))
    assert posted.status_code == 202, posted.text
    job = posted.json()["id"]
    door.until(job, "awarded")
    rfp, payload = _rfp(door, job), _payload(door, job)
    verifier = worker.deploy_verifier(CREATION)
    found = submission(worker.models.get(model), rfp, payload, worker.outputs(rfp, payload), verifier)
    worker.commit_proven(rfp, found, oddly=oddly)
    return job, worker, rfp, found


def checked(door: Any, job: str, item: int) -> Report:
    door.get(f"/v1/jobs/{job}/items/{item}")
    receipt = load_receipt(door.client.get(f"/v1/jobs/{job}/items/{item}/receipt").content)
    chain = ReceiptChain(Rpc(door.gateway.settings.rpc_url))
    return verify_on_chain(receipt, chain, trusted_market=door.gateway.constants.market)


@pytest.mark.parametrize(("model", "guarantee"), [("tiny-head", "hybrid"), ("tiny-whole", "proven")])
def test_no_encoding_that_the_chain_takes_hides_a_result(door: Any, hand: Any, model: str, guarantee: str) -> None:
    job, _, _, _ = committed(door, hand, model, guarantee, oddly=True)
    door.until(job, "final" if guarantee == "proven" else "committed")
    for item in range(2):
        report = checked(door, job, item)
        assert report.proof is not None
        assert report.proof.checked_by == ("commit", "verifier")
    collect = next(one for one in door.get(f"/v1/jobs/{job}")["decisions"] if one["kind"] == "collect")
    assert (collect["outcome"], collect["details"]["source"]) == ("verified", "chain")


def test_a_hybrid_job_is_proven_in_its_decision_and_optimistic_in_its_features(
    door: Any, hand: Any, anvil: Any
) -> None:
    job, worker, rfp, sent = committed(door, hand, "tiny-head", "hybrid")
    told = door.until(job, "committed")
    assert told["guarantee"] == "hybrid"
    assert [one["decision"] for one in told["assurance"]["proven"]["decisions"]] == LOWEST
    assert told["assurance"]["proven"]["verifier"] == sent.verifier
    until = told["deadlines"]["final_at"]
    assert told["assurance"]["optimistic"] == {"outputs": ["f", "y"], "until": until, "final": False}

    item = door.get(f"/v1/jobs/{job}/items/0")
    proven = item["assurance"]["proven"]
    assert (proven["decision"], proven["certain"], proven["srs"]) == (1, True, "development")
    assert proven["transaction"] == told["result"]["transaction"]
    assert proven["lead"] > proven["margin"] > 0
    with GatewayClient(door.gateway.public_url) as client:
        assert client.item(job, 0).assurance == item["assurance"]
    shown = CliRunner().invoke(app, ["job", "show", job, "--gateway", door.gateway.public_url]).stdout
    assert "decision 1 is proven, certain" in shown
    assert "f, y: can be shown to be wrong until they are final" in shown
    assert item["verified"] is False
    collect = next(one for one in door.get(f"/v1/jobs/{job}")["decisions"] if one["kind"] == "collect")
    assert (collect["outcome"], collect["details"]["source"]) == ("verified", "chain")

    report = checked(door, job, 0)
    assert report.verdict is Verdict.OPEN
    assert report.proof is not None
    assert report.proof.checked_by == ("commit", "verifier")
    anvil.mine_blocks(1, seconds=3_600)
    worker.finalize(rfp)
    told = door.until(job, "final")
    assert told["assurance"]["optimistic"] == {"outputs": ["f", "y"], "until": None, "final": True}
    report = checked(door, job, 1)
    assert report.final
    assert "they are final" in report.meaning[2]


def test_a_proven_job_is_final_with_its_commit_and_optimistic_in_nothing(door: Any, hand: Any) -> None:
    job, _, rfp, _ = committed(door, hand, "tiny-whole", "proven")
    told = door.until(job, "final")
    assert [tx["name"] for tx in told["transactions"]] == ["awardQuote", "commitProven"]
    assert told["assurance"]["optimistic"] is None
    assert [one["decision"] for one in told["assurance"]["proven"]["decisions"]] == FIRST_LARGEST_BACKWARDS
    # Without a word of the client's, the worker has time to prove.
    assert rfp.execution_timeout == 601
    item = door.get(f"/v1/jobs/{job}/items/1")
    assert (item["verified"], item["assurance"]["proven"]["certain"]) == (True, False)
    report = checked(door, job, 1)
    assert report.final
    assert report.meaning[2].startswith("Optimistic: nothing.")
    assert "within tolerance" in report.meaning[1]


def test_a_job_with_real_proofs(door: Any, hand: Any) -> None:
    recorded = json.loads((ROOT / "tests" / "vectors" / "snarks.json").read_text())["whole"]
    rows = [np.frombuffer(bytes.fromhex(one[2:]), "<f4") for one in recorded["read"]]
    body = request("penguins", "proven", items=[{"tensors": {"measurements": {"data": row.tolist()}}} for row in rows])
    worker = hand(2)
    worker.quotes_at = 1
    _known(door, 1)
    job = door.client.post("/v1/jobs", json=body).json()["id"]
    door.until(job, "awarded")
    rfp, payload, model = _rfp(door, job), _payload(door, job), worker.models.get("penguins")
    creation = bytes.fromhex(model.critical.read("verifier_code").decode().strip().removeprefix("0x"))
    outputs, proofs = ([bytes.fromhex(one[2:]) for one in recorded[name]] for name in ("scores", "proofs"))
    verifier = worker.deploy_verifier(creation)
    worker.commit_proven(
        rfp, Submission(encoded(model), parse_address(verifier), payload, b"".join(outputs), tuple(proofs))
    )
    door.until(job, "final")
    labels = [door.get(f"/v1/jobs/{job}/items/{at}")["assurance"]["proven"]["label"] for at in range(3)]
    assert labels == ["Adelie", "Chinstrap", "Gentoo"]
    report = checked(door, job, 2)
    assert report.proof is not None
    assert (report.final, report.proof.checked_by) == (True, ("commit", "verifier"))


@pytest.mark.parametrize(
    ("model", "guarantee", "state"), [("tiny-head", "hybrid", "committed"), ("tiny-whole", "proven", "final")]
)
def test_a_commit_that_a_reorg_replaced_is_collected_anew(
    door: Any, hand: Any, anvil: Any, model: str, guarantee: str, state: str
) -> None:
    job, worker, rfp, sent = committed(door, hand, model, guarantee)
    first, before = checked(door, job, 0), door.until(job, state)
    block = load_receipt(door.client.get(f"/v1/jobs/{job}/items/0/receipt").content).commitment.block_number
    # The same output once more, with other proofs.
    call = worker.chain.calls.commit_proven(rfp, replace(sent, proofs=(b"\x01" * 64, b"\x02" * 64)))
    sending = {"from": worker.address, "to": call.to, "data": "0x" + call.data.hex(), "gas": hex(20_000_000)}
    anvil.request("anvil_reorg", int(anvil.request("eth_blockNumber"), 16) - block + 1, [[sending, 0]])
    anvil.request("evm_mine")
    deadline = time.monotonic() + 20
    while (told := door.until(job, state))["result"]["transaction"] == before["result"]["transaction"]:
        assert time.monotonic() < deadline, f"the replaced commit is still told: {told}"
    again = checked(door, job, 0)
    assert first.proof is not None
    assert again.proof is not None
    assert (first.proof.snark, again.proof.snark) == (sent.proofs[0], b"\x01" * 64)
    assert again.proof.instances == first.proof.instances


def test_a_result_that_cannot_be_read_from_the_chain_comes_from_the_worker_without_its_proof(
    door: Any, hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A worker that is a contract would do; what the chain shows of it is that nothing can be read.
    monkeypatch.setattr(door.gateway.chain, "submission_of", lambda *_: None)
    job, worker, _, sent = committed(door, hand, "tiny-whole", "proven")
    door.until(job, "final")
    assert door.get(f"/v1/jobs/{job}/items/0", 409)["code"] == "output-not-ready"
    worker.served[door.gateway.queries.job(bytes.fromhex(job[2:])).result.payload] = sent.outputs
    door.get(f"/v1/jobs/{job}/items/0", seconds=20)
    report = checked(door, job, 0)
    assert report.final
    assert report.proof is not None
    assert (report.proof.snark, report.proof.checked_by) == (None, ("commit",))
    assert any("isn't in the receipt" in check.words for check in report.unverified)


def test_guarantees_that_a_model_does_not_offer_are_refused_before_anything_is_stored(door: Any) -> None:
    models = {one["name"]: one for one in door.client.get("/v1/models").json()["models"]}
    assert models["tiny-head"]["guarantees"] == ["optimistic", "hybrid"]
    assert models["tiny-whole"]["guarantees"] == ["optimistic", "proven"]
    critical = models["tiny-head"]["critical"]
    assert (critical["kind"], critical["reads"], critical["gives"]) == ("head", "f", "y")
    assert (critical["circuit"]["name"], critical["srs"]) == ("tiny-head", "development")
    before = sorted(door.gateway.settings.data_dir.rglob("*"))
    for body, field in (
        (request("tiny-head", "proven"), "guarantee"),
        (request("tiny-whole", "hybrid"), "guarantee"),
        (request("tiny-whole", "proven", ROWS * 5), "itemCount"),
        (request("tiny-whole", "proven", items=None, input={"digest": "00" * 32, "item_count": 9}), "itemCount"),
    ):
        answer = door.client.post("/v1/jobs", json={name: value for name, value in body.items() if value is not None})
        assert (answer.status_code, answer.json()["code"]) == (400, "terms-refused")
        assert answer.json()["details"]["field"] == field
        assert answer.json()["hint"]
    assert sorted(door.gateway.settings.data_dir.rglob("*")) == before


def test_an_installed_model_knows_how_long_proving_takes(models_dir: Path) -> None:
    model = ModelLibrary(models_dir).get("tiny-head")
    assert execution_seconds(model, Guarantee.OPTIMISTIC, 8, 10_000) == 600
    assert execution_seconds(model, Guarantee.HYBRID, 8, 10_000) == 601
    assert execution_seconds(model, Guarantee.HYBRID, 8, 500) == 500
