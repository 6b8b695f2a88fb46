"""Deploying: predicted addresses hold, records survive, and what must not be deployed isn't."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from atomic_verify.chain.anvil import Anvil, AnvilOptions, development_signer
from atomic_verify.chain.calls import Calls, transfer
from atomic_verify.chain.client import Chain
from atomic_verify.chain.deploy import DeployOptions, deploy, verify_constants
from atomic_verify.chain.deployment import Deployed, Deployment
from atomic_verify.chain.errors import (
    DeploymentMalformed,
    DeploymentMismatch,
    DeploymentMissing,
    DeploymentRefused,
    NoDisputes,
)
from atomic_verify.chain.presets import development, public
from atomic_verify.chain.reverts import Reverted
from atomic_verify.protocol.disputes import line_reserve, seal_bond
from tests.integration.chain.conftest import Bench
from tests.integration.chain.support import FRIEND


def test_a_deployment_agrees_with_its_parameters(bench: Bench) -> None:
    chain, preset = bench.chain(), development()
    assert chain.params() == preset.market
    assert chain.policy_of(bench.deployment.utility_token) == preset.utility_policy
    assert chain.claim_reveal_time() == preset.claim_reveal_time
    assert chain.unbonding_time() == preset.unbonding_time
    assert chain.dispute_params() == preset.disputes
    assert chain.seal_bond() == seal_bond(preset.disputes)
    assert chain.line_reserve(7) == line_reserve(preset.disputes, 7)
    assert (chain.has_disputes(), chain.dispute_bonds()) == (True, 0)
    assert chain.balance_of(development_signer(0).address) == preset.supply
    assert bench.deployment.block == 1


@pytest.mark.parametrize("sent", [0, 1, 127, 128, 255, 256])
def test_addresses_are_predicted_at_any_nonce(sent: int) -> None:
    with Anvil() as anvil:
        signer = development_signer(0)
        anvil.request("anvil_setNonce", signer.address, hex(sent))
        deployment = deploy(anvil.rpc, signer, development())
        Chain.connect(anvil.url, deployment)


def test_a_record_survives_the_disk(bench: Bench, tmp_path: Path) -> None:
    path = bench.deployment.save(tmp_path / "deployments")
    assert path.name == "31337.json"
    assert Deployment.load(path) == bench.deployment
    assert Deployment.load(tmp_path / "deployments", 31_337) == bench.deployment
    bench.deployment.save(tmp_path / "deployments")
    assert [file.name for file in path.parent.iterdir()] == ["31337.json"], "no scratch file is left"
    with pytest.raises(DeploymentMissing):
        Deployment.load(tmp_path / "deployments", 1)


def test_a_record_of_before_there_were_disputes_still_loads(bench: Bench, tmp_path: Path) -> None:
    old = bench.deployment.to_json()
    for name in ("Referee", "Examiner", "Disputes"):
        del old["contracts"][name]
    path = tmp_path / "31337.json"
    path.write_text(json.dumps(old))
    found = Deployment.load(path)
    assert (found.market, found.has_disputes, bench.deployment.has_disputes) == (bench.deployment.market, False, True)
    with pytest.raises(NoDisputes):
        Calls(found).disputes.seal(bytes(32))
    before = Chain.connect(bench.anvil.url, found)
    bench.sender(index=0).send("announce", before.calls.announce("http://localhost"))
    events = before.events(0, before.head().number)
    assert [event.name for event in events] == ["Announced"], "its events are read all the same"


def test_a_damaged_record_is_refused(bench: Bench, tmp_path: Path) -> None:
    good = bench.deployment.to_json()
    wrong_address = json.loads(json.dumps(good))
    wrong_address["contracts"]["Market"]["address"] = "0x12"
    damaged = [
        "",
        "[]",
        "{",
        "[" * 100_000,
        json.dumps({**good, "chainId": "31337"}),
        json.dumps({**good, "block": -1}),
        json.dumps({**good, "contracts": {}}),
        json.dumps(wrong_address),
        " " * 2_000_000,
    ]
    path = tmp_path / "31337.json"
    for text in damaged:
        path.write_text(text)
        with pytest.raises(DeploymentMalformed):
            Deployment.load(path)
    path.write_text(json.dumps(good))
    with pytest.raises(DeploymentMalformed, match="chain 31337"):
        Deployment.load(path, 1)


def test_a_public_chain_has_to_be_meant_and_takes_no_development_windows() -> None:
    with Anvil(AnvilOptions(chain_id=8_453)) as anvil:
        signer = development_signer(0)
        with pytest.raises(DeploymentRefused, match="public"):
            deploy(anvil.rpc, signer, public())
        with pytest.raises(DeploymentRefused, match="development"):
            deploy(anvil.rpc, signer, development(), DeployOptions(allow_public=True))
        hasty = replace(public(), disputes=development().disputes)
        with pytest.raises(DeploymentRefused, match="claims and lines"):
            deploy(anvil.rpc, signer, hasty, DeployOptions(allow_public=True))
        short = replace(public(), unbonding_time=14 * 86_400)
        with pytest.raises(DeploymentRefused):
            deploy(anvil.rpc, signer, short, DeployOptions(allow_public=True))
        assert int(anvil.request("eth_blockNumber"), 16) == 0
        deployment = deploy(anvil.rpc, signer, public(), DeployOptions(allow_public=True, commit="abc"))
        assert (deployment.chain_id, deployment.commit, deployment.preset) == (8_453, "abc", "public")
        assert Chain.connect(anvil.url, deployment).params().min_challenge_window >= 36 * 3_600


def test_constants_that_disagree_are_noticed(bench: Bench) -> None:
    other = deploy(bench.anvil.rpc, development_signer(0), development())
    mixed = dict(bench.deployment.contracts)
    mixed["Results"] = Deployed(other.results, {})
    with pytest.raises(DeploymentMismatch) as caught:
        verify_constants(bench.anvil.rpc, replace(bench.deployment, contracts=mixed))
    assert (caught.value.details["contract"], caught.value.details["function"]) == ("Disputes", "results")


def test_parameters_that_the_contracts_refuse_are_told(bench: Bench) -> None:
    broken = replace(development(), unbonding_time=1)
    with pytest.raises(Reverted) as caught:
        deploy(bench.anvil.rpc, development_signer(0), broken)
    assert (caught.value.code, caught.value.error_args) == ("revert-bad-parameter", {"name": "unbondingTime"})


def test_a_deployer_that_also_sends_is_no_trouble_afterwards(bench: Bench) -> None:
    assert bench.sender(index=0).send("pay", transfer(FRIEND, 5)).succeeded
