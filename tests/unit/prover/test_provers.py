"""Which circuits a worker offers, what proofs take by measurement, and calling them off."""

import errno
import json
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from atomic_verify.chain.verifiers import DEPLOYER
from atomic_verify.config import ConfigInvalid, Settings, WorkerSettings
from atomic_verify.errors import AtomicError
from atomic_verify.models import InstalledModel
from atomic_verify.models.circuit import (
    CIRCUIT_NAME,
    CircuitMismatch,
    DevelopmentSrs,
    read_circuit,
    verifier_address,
)
from atomic_verify.protocol.primitives import JobId, ModelId
from atomic_verify.protocol.types import CriticalKind, Guarantee
from circuits.errors import CircuitFailed, CircuitStopped, EzklMissing
from prover import equipment
from prover.equipment import keys_folder, most_items, open_provers
from prover.provers import Provers, ReadyCircuit
from prover.verifiers import Verifiers
from tests.support.proven_models import CREATION, RUNTIME, PlayCircuits, install_proven

JOB, OTHER = JobId(b"\x01" * 32), JobId(b"\x02" * 32)
MODEL = ModelId(b"\x03" * 32)


@dataclass
class Node:
    """A chain that has code at some addresses."""

    code: dict[str, bytes] = field(default_factory=lambda: {DEPLOYER: b"\x01"})
    chain_id: int = 31_337

    @property
    def rpc(self) -> Any:
        return self

    def call(self, method: str, params: list[Any]) -> str:
        assert method == "eth_getCode"
        return "0x" + self.code.get(params[0], b"").hex()


@dataclass
class Log:
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def info(self, event: str, **values: Any) -> None:
        self.told.append((event, values))

    warning = info

    def not_offered(self) -> list[tuple[list[str], str]]:
        return [(one["models"], one["reason"]) for event, one in self.told if event == "proofs_not_offered"]


@pytest.fixture
def models(tmp_path: Path) -> list[InstalledModel]:
    return [install_proven(tmp_path / kind, kind) for kind in ("head", "whole")]


@pytest.fixture
def log() -> Log:
    return Log()


def settings(prove: str = "auto") -> Settings:
    return Settings(worker=WorkerSettings(prove=prove))


def opened(models: list[InstalledModel], log: Log, node: Node | None = None, prove: str = "auto") -> Provers:
    return open_provers(settings(prove), node or Node(), models, log, PlayCircuits().open)


def test_each_kind_of_circuit_gives_its_guarantee(models: list[InstalledModel], log: Log) -> None:
    provers = opened(models, log)
    assert [provers.guarantee(one.model_id) for one in models] == [Guarantee.HYBRID, Guarantee.PROVEN]
    assert provers.guarantee(MODEL) is None
    assert provers.seconds(models[0].model_id) == 0.01, "what circuit.json says, until one was made here"
    assert log.not_offered() == []


def test_a_development_circuit_is_never_offered_on_a_public_chain(models: list[InstalledModel], log: Log) -> None:
    provers = opened(models, log, Node(chain_id=1))
    assert len(provers) == 0
    assert log.not_offered() == [(["head"], "development-srs"), (["whole"], "development-srs")]
    with pytest.raises(DevelopmentSrs):
        opened(models, log, Node(chain_id=1), "always")


def test_without_the_deployer_only_what_has_its_verifier_is_offered(models: list[InstalledModel], log: Log) -> None:
    assert len(opened(models, log, Node({}))) == 0
    assert log.not_offered() == [(["head"], "deployer-missing"), (["whole"], "deployer-missing")]
    assert len(opened(models, log, Node({verifier_address(CREATION): RUNTIME}))) == 2


def test_a_verifier_of_other_code_is_refused(models: list[InstalledModel], log: Log) -> None:
    node = Node({DEPLOYER: b"\x01", verifier_address(CREATION): b"\x02"})
    assert len(opened(models, log, node)) == 0
    assert log.not_offered()[0] == (["head"], "circuit-mismatch")
    with pytest.raises(CircuitMismatch):
        Verifiers(node.rpc).stands(models[0])


def test_a_fault_of_one_circuit_leaves_the_others(models: list[InstalledModel], log: Log) -> None:
    play = PlayCircuits()

    def open_circuit(model: InstalledModel) -> Any:
        if model.name == "head":
            raise CircuitMismatch("other keys")
        return play.open(model)

    provers = open_provers(settings(), Node(), models, log, open_circuit)
    assert [provers.can_prove(one.model_id) for one in models] == [False, True]
    assert log.not_offered() == [(["head"], "circuit-mismatch")]


@pytest.mark.parametrize("when", ["keys", "proof"])
def test_a_full_disk_is_a_circuits_failure(models: list[InstalledModel], log: Log, when: str) -> None:
    full = Full(when)
    provers = open_provers(settings(), Node(), models[:1], log, lambda model: full)
    if when == "keys":
        assert log.not_offered() == [(["head"], "circuit-failed")]
        return
    with pytest.raises(CircuitFailed) as failed:
        provers.prove(JOB, models[0].model_id, None)
    assert "No space" in failed.value.message


@dataclass
class Full:
    """A circuit on a full disk."""

    when: str

    def ensure_keys(self) -> None:
        if self.when == "keys":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def prove(self, features: Any, *, stop: threading.Event | None = None) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_keys_are_kept_beside_the_model_where_that_can_be(
    models: list[InstalledModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = models[0]
    assert keys_folder(model, tmp_path) is None
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert keys_folder(model, tmp_path) == tmp_path / "circuits" / "head"
    (model.directory / ".circuit").mkdir()
    (model.directory / ".circuit" / "keys.json").write_text("{}")
    assert keys_folder(model, tmp_path) is None


def test_what_is_said_without_ezkl(
    models: list[InstalledModel], log: Log, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(equipment, "is_available", lambda: False)
    assert len(open_provers(settings(), Node(), models, log)) == 0
    assert log.not_offered() == [(["head", "whole"], "ezkl-missing")]
    assert "zk" in log.told[0][1]["hint"]
    with pytest.raises(EzklMissing):
        open_provers(settings("always"), Node(), models, log)
    assert len(open_provers(settings("always"), Node(), [], log)) == 0, "nothing needs it"


@dataclass
class Slow:
    """A circuit that takes as long as it is told, or until it is called off."""

    seconds: list[float]
    begun: threading.Event = field(default_factory=threading.Event)

    def ensure_keys(self) -> None:
        pass

    def prove(self, features: Any, *, stop: threading.Event | None = None) -> Any:
        self.begun.set()
        if not self.seconds:
            assert stop is not None
            assert stop.wait(10)
            raise CircuitStopped("called off")
        return _Made(self.seconds.pop(0))


@dataclass
class _Made:
    seconds: float
    proof: bytes = b""
    outputs: tuple[int, ...] = ()
    peak_bytes: int = 0


@pytest.mark.parametrize(("gas", "most"), [(None, 8), (1_600_000, 6), (3_000_000, 4), (16_000_000, 0)])
def test_a_job_has_no_more_items_than_one_transaction_takes_proofs_of(gas: int | None, most: int) -> None:
    circuit, _ = read_circuit(Path(__file__).resolve().parents[3] / "circuits" / "magika-head")
    cost = circuit.cost if gas is None else circuit.cost.model_copy(update={"verify_gas": gas})
    assert most_items(circuit.model_copy(update={"cost": cost})) == most


def test_a_circuit_whose_proof_no_transaction_takes_is_not_offered(
    models: list[InstalledModel], log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equipment, "most_items", lambda _: 0)
    assert len(opened(models, log)) == 0
    assert {reason for _, reason in log.not_offered()} == {CircuitMismatch.code}


@pytest.mark.parametrize(("setting", "value"), [("proof_memory_mib", 1), ("proof_seconds", 1.0)])
def test_settings_that_let_no_proof_be_made_are_told(
    setting: str, value: float, models: list[InstalledModel], log: Log
) -> None:
    for model in models:
        whole = json.loads((model.directory / CIRCUIT_NAME).read_text())
        whole["cost"].update(prove_seconds=1.5, peak_mb=2)
        (model.directory / CIRCUIT_NAME).write_text(json.dumps(whole))
    worker = WorkerSettings.model_validate({setting: value})
    assert len(open_provers(Settings(worker=worker), Node(), models, log, PlayCircuits().open)) == 0
    assert {reason for _, reason in log.not_offered()} == {ConfigInvalid.code}
    assert all(setting in one["message"] for event, one in log.told if event == "proofs_not_offered")


def test_seconds_follow_what_proofs_took() -> None:
    provers = Provers([ReadyCircuit(MODEL, CriticalKind.WHOLE, Slow([10.0, 20.0]), 99.0)])
    assert provers.seconds(MODEL) == 99.0
    provers.prove(JOB, MODEL, None)
    assert provers.seconds(MODEL) == 10.0
    provers.prove(JOB, MODEL, None)
    assert provers.seconds(MODEL) == pytest.approx(13.0)


@pytest.mark.parametrize("way", ["job", "all"])
def test_a_proof_is_called_off(way: str) -> None:
    slow = Slow([])
    provers = Provers([ReadyCircuit(MODEL, CriticalKind.HEAD, slow, 1.0)])
    raised: list[AtomicError] = []

    def prove() -> None:
        try:
            provers.prove(JOB, MODEL, None)
        except CircuitStopped as error:
            raised.append(error)

    thread = threading.Thread(target=prove)
    thread.start()
    assert slow.begun.wait(10)
    provers.call_off(OTHER)
    assert not raised
    if way == "job":
        provers.call_off(JOB)
    else:
        provers.stop()
    thread.join(10)
    assert len(raised) == 1
    if way == "all":
        with pytest.raises(CircuitStopped):
            provers.prove(OTHER, MODEL, None)
