"""What a requester learns of a result that was wrong in one item: from the door, from receipts, from commands."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from atomic_verify.chain.anvil import Anvil, development_signer
from atomic_verify.chain.client import Chain
from atomic_verify.chain.deploy import deploy
from atomic_verify.chain.deployment import Deployment
from atomic_verify.chain.presets import development
from atomic_verify.chain.receipt_chain import ReceiptChain
from atomic_verify.chain.rpc import Rpc
from atomic_verify.cli import app
from atomic_verify.client import GatewayClient, GatewayRefused
from atomic_verify.receipts import Verdict, load_receipt, verify_on_chain
from tests.integration.gateway.hand_claimer import HandClaimer
from tests.integration.gateway.test_gateway import PRICE, _known, _payload, _request, _rfp

REVEAL, REFUTE, CLOCK = 60, 30, 40
WRONG, ITEMS = 1, 3
BETWEEN = 1e-4
"""Beyond accept and within slash of the small model's scores."""


@pytest.fixture
def deployment(anvil: Anvil, tmp_path: Path) -> Deployment:
    """The contracts, with time enough to dispute."""
    preset = development(claim_reveal_time=REVEAL, refute_window=REFUTE, line_clock=CLOCK)
    made = deploy(anvil.rpc, development_signer(0), preset)
    made.save(tmp_path / "deployments")
    return made


@pytest.fixture
def claimer(anvil: Anvil, deployment: Deployment, mlp: Any, tmp_path: Path) -> HandClaimer:
    return HandClaimer(Chain.connect(anvil.url, deployment), development_signer(4), mlp, tmp_path / "claimer")


def _jump(anvil: Anvil, seconds: int) -> None:
    """Moves the chain's time on."""
    anvil.request("evm_increaseTime", seconds)
    anvil.request("evm_mine")


def test_one_wrong_item_of_three(
    door: Any, hand: Any, claimer: HandClaimer, anvil: Anvil, tmp_path: Path, settings: Any
) -> None:
    worker = hand(2)
    worker.quotes_at = PRICE
    _known(door, 1)
    request = _request(ITEMS, kind="quote", times={"bidding": 0, "reveal": 0, "execution": 60, "window": 60})
    job = door.client.post("/v1/jobs", json=request).json()["id"]
    door.until(job, "awarded")
    rfp, payload = _rfp(door, job), _payload(door, job)
    made = bytearray(worker.outputs(rfp, payload))
    np.frombuffer(made, dtype=np.float32).reshape(ITEMS, 10)[WRONG, 4] += np.float32(BETWEEN)
    outputs = bytes(made)
    worker.commit(rfp, outputs)
    door.until(job, "committed")
    data = claimer.data(rfp, payload, outputs)

    # While it is open: the answer can be read, and what is said against it too.
    terms = claimer.seal(rfp, data, WRONG, 4)
    line = claimer.ask_result(rfp, 0)
    claimer.answer_result(line, data.outputs)
    _jump(anvil, 1)
    claim = claimer.reveal(rfp, data, terms)
    # The job, its claims and its lines are read one after the other, and the index may move in between.
    found = _once(
        door, f"/v1/jobs/{job}", lambda told: told["result"]["open_claims"] == 2 and told["claims"] and told["lines"]
    )
    [told], [asked] = found["claims"], found["lines"]
    assert (told["id"], told["state"], told["item"], told["outcome"]) == (claim, "open", WRONG, "void")
    assert (told["claimer"], told["output"], told["element"]) == (claimer.address, 0, "4")
    assert (asked["id"], asked["subject"], asked["turn"], asked["opener"]) == (
        line,
        "result",
        "demander",
        claimer.address,
    )
    assert [(one["number"], one["answerer"]) for one in asked["rounds"]] == [(1, claimer.address)]
    assert door.get(f"/v1/jobs/{job}/items/{WRONG}")["verified"] is False
    assert [one["id"] for one in door.get("/v1/claims?open=true")["claims"]] == [claim]

    # Upheld: that item has no answer any more, the others have.
    claimer.send(claimer.calls.close_line(rfp, line))
    _jump(anvil, REFUTE)
    claimer.uphold(rfp, claim)
    gone = door.get(f"/v1/jobs/{job}/items/{WRONG}", 410)
    assert (gone["code"], gone["details"]["state"], gone["details"]["challenger"]) == (
        "item-void",
        "void",
        claimer.address,
    )
    assert door.get(f"/v1/jobs/{job}/items/0")["verified"] is False
    detail = door.get(f"/v1/claims/{claim}")
    assert (detail["state"], detail["worker"]) == ("upheld", worker.address)
    assert [tx["name"] for tx in detail["transactions"]] == ["seal", "revealClaim", "uphold"]
    assert 0 < int(detail["charged"]) <= int(detail["cost"])
    assert door.get("/v1/claims/999999", 404)["code"] == "claim-unknown"

    # Final: two items are paid for, and the receipts say which.
    _jump(anvil, 60 + REVEAL)
    worker.finalize(rfp)
    final = door.until(job, "final")
    assert final["result"]["void_items"] == [WRONG]
    assert final["result"]["costs"] == detail["charged"]
    assert int(final["settlement"]["to_requester"]) > 0
    assert {"seal", "revealClaim", "demand", "answer", "closeLine", "uphold"} <= {
        tx["name"] for tx in final["transactions"]
    }
    verdicts = []
    for item in range(ITEMS):
        receipt = load_receipt(door.client.get(f"/v1/jobs/{job}/items/{item}/receipt").content)
        chain = ReceiptChain(Rpc(settings.rpc_url))
        verdicts.append(verify_on_chain(receipt, chain, trusted_market=door.gateway.constants.market).verdict)
    assert verdicts == [Verdict.GOOD, Verdict.VOID, Verdict.GOOD]
    _as_clients_see_it(door, job, claim, settings, tmp_path)


def _as_clients_see_it(door: Any, job: str, claim: int, settings: Any, tmp_path: Path) -> None:
    """The Python client and the commands, of a job that is final with a void item."""
    with GatewayClient(door.gateway.public_url) as client:
        answers = list(client.answers(job))
        assert [(one.is_void, one.verified) for one in answers] == [(False, True), (True, False), (False, True)]
        with pytest.raises(GatewayRefused) as caught:
            client.item(job, WRONG)
        assert caught.value.code == "item-void"
    shown = _run("job", "show", job, "--gateway", door.gateway.public_url)
    assert f"item {WRONG}" in shown
    assert f"claim {claim}" in shown
    assert "of the bond went to it" in shown
    waited = _run("job", "wait", job, "--gateway", door.gateway.public_url, "--receipts", str(tmp_path / "receipts"))
    assert "void: shown to be wrong" in waited
    place = ("--deployments", str(settings.deployments_dir), "--rpc", settings.rpc_url)
    verified = _run("verify", str(tmp_path / "receipts" / f"{job}-{WRONG}.json"), *place)
    assert "The item is void" in verified

    own = (*place, "--data", str(tmp_path / "looker"))
    told = json.loads(_run("claim", "show", str(claim), "--json", *own))
    assert told == door.get(f"/v1/claims/{claim}")
    words = _run("claim", "show", str(claim), *own)
    assert "make the item void" in words
    assert "gas of revealClaim" in words
    assert [one["id"] for one in json.loads(_run("claim", "list", "--json", *own))] == [claim]
    assert "There are no claims." in _run("claim", "list", "--open", *own)
    missing = CliRunner().invoke(app, ["claim", "show", "999999", *own])
    assert (missing.exit_code, "claim-unknown" in missing.output) == (1, True)


def _run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.stdout


def _once(door: Any, path: str, holds: Any) -> Any:
    """The route's answer once it is so."""
    for _ in range(200):
        found = door.get(path)
        if holds(found):
            return found
        door.driver.wake()
    raise AssertionError(found)
