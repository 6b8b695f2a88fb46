"""What a worker checks before it takes anything on: each fault has its code and says what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from atomic_verify.chain.anvil import free_port
from atomic_verify.config import Settings
from atomic_verify.errors import AtomicError
from prover.daemon import opened
from tests.integration.prover.town import Town
from tests.support.tiny_models import install, one_operator


@dataclass(frozen=True)
class Fault:
    """What is wrong, the code that tells it, and a word of the hint."""

    code: str
    changes: Callable[[Town], dict[str, Any]]
    hint: str
    staked: bool = True


FAULTS = {
    "no chain": Fault("chain-unavailable", lambda town: {"rpc_url": f"http://127.0.0.1:{free_port()}"}, ""),
    "no deployment": Fault("deployment-missing", lambda town: {"chain_id": 1}, "atomic deploy"),
    "no keystore named": Fault("keystore-not-named", lambda town: {"keystore": None}, "atomic key new"),
    "no keystore there": Fault("keystore-missing", lambda town: {"keystore": town.folder / "none"}, "atomic key new"),
    "wrong password": Fault("keystore-password-wrong", lambda town: {"password_file": _written(town, "guess")}, ""),
    "empty password": Fault("keystore-password-missing", lambda town: {"password_file": _written(town, "")}, ""),
    "no stake": Fault("worker-stake-missing", lambda town: {}, "atomic stake add", staked=False),
    "no model": Fault("worker-no-models", lambda town: {"models_dir": town.folder / "empty"}, "atomic model build"),
    "false root": Fault(
        "program-mismatch", lambda town: {"models_dir": _lying(town, {"root": "11" * 32})}, "don't use"
    ),
    "a float decides": Fault(
        "void-only-missing", lambda town: {"models_dir": _lying(town, operator="Floor")}, "prepare"
    ),
    "tight tolerances": Fault(
        "tolerances-too-tight", lambda town: {"models_dir": _lying(town, accept=1e-9)}, "don't use"
    ),
    "taken port": Fault("door-unavailable", lambda town: {"worker": {"port": town.anvil.port}}, "--port"),
    "no cuda": Fault("provider-unavailable", lambda town: {"worker": {"provider": "cuda"}}, ""),
}


def _written(town: Town, text: str) -> Any:
    path = town.folder / "other-password"
    path.write_text(text)
    return path


def _lying(town: Town, lie: dict[str, Any] | None = None, operator: str = "Exp", accept: float = 1e-5) -> Any:
    """A library with a model whose manifest isn't true, or can't be lived with."""
    folder = town.folder / "library"
    folder.mkdir()
    tight = {"accept": {"atol": accept, "rtol": 0.0}, "slash": {"atol": 8 * accept, "rtol": 0.0}}
    outputs = [{"name": "y", "dtype": "float", "shape": [1, 4]} | tight]
    install(folder / "tiny", one_operator(operator), lie, outputs=outputs)
    return folder


@pytest.mark.parametrize("name", FAULTS)
def test_a_worker_that_cannot_work_does_not_start(town: Town, name: str) -> None:
    fault = FAULTS[name]
    if fault.staked:
        town.stake(2)
    changes = fault.changes(town)
    settings = town.settings(2, **{key: value for key, value in changes.items() if value is not None})
    if changes.get("keystore", "") is None:
        settings = settings.model_copy(update={"keystore": None})

    with pytest.raises(AtomicError) as refused, opened(settings):
        pass

    assert refused.value.code == fault.code
    assert fault.hint in (refused.value.hint or "")


def test_a_node_of_another_chain_is_refused(town: Town) -> None:
    settings = town.settings(2)
    town.anvil.request("anvil_setChainId", 1337)
    code = _code_of(settings)
    town.anvil.request("anvil_setChainId", 31_337)
    assert code == "wrong-chain"


def test_a_chain_that_was_reset_is_refused(town: Town) -> None:
    settings = town.settings(2)
    town.anvil.request("anvil_setCode", town.deployment.market, "0x")
    assert _code_of(settings) == "not-deployed"


def _code_of(settings: Settings) -> str:
    with pytest.raises(AtomicError) as refused, opened(settings):
        pass
    return refused.value.code
