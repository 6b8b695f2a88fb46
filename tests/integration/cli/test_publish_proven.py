"""Publishing a model with a critical step: its verifier is deployed too, and a development circuit stays at home."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from atomic_verify.chain.verifiers import code_hash_of
from atomic_verify.models.circuit import verifier_address
from tests.support.proven_models import CREATION, install_proven


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    install_proven(folder / "tiny-whole", "whole")
    install_proven(folder / "tiny-head", "head")
    install_proven(folder / "tiny-other", "head", verifier_code="0d" * 32)
    return folder


def test_a_development_circuit_is_refused_on_a_public_chain_before_anything_is_sent(bank: Any) -> None:
    refused = bank("model", "publish", "tiny-whole", code=1, ATOMIC_CHAIN_ID="1", ATOMIC_RPC_URL="http://127.0.0.1:1")
    assert "development-srs" in refused.output


def test_the_verifier_is_deployed_with_the_first_model_that_needs_it(bank: Any) -> None:
    address = verifier_address(CREATION)
    assert code_hash_of(bank.chain.rpc, address) is None
    first = bank("model", "publish", "tiny-whole")
    assert "deployVerifier: block" in first.stderr
    assert address in first.stderr
    assert code_hash_of(bank.chain.rpc, address) is not None
    second = bank("model", "publish", "tiny-head")
    assert "deployVerifier: block" not in second.stderr
    assert "Models.publish: block" in second.stderr
    assert "published already" in bank("model", "publish", "tiny-head").stderr


def test_a_verifier_with_other_code_than_the_model_pins_is_refused(make_shell: Callable[[int], Any]) -> None:
    refused = make_shell(3)("model", "publish", "tiny-other", code=1)
    assert "circuit-mismatch" in refused.output
