"""What a worker can prove: the circuits of its models, opened and their keys made, before it takes work on.

Used before all steps. EZKL is an extra that nothing else needs: without it, or with `worker.prove = "never"`, all
models are still offered for optimistic jobs, and the log says once what isn't and what to do about it.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from atomic_verify.chain.client import Chain
from atomic_verify.chain.transactions import TRANSACTION_GAS
from atomic_verify.config import ConfigInvalid, Settings, WorkerSettings
from atomic_verify.errors import AtomicError
from atomic_verify.models import InstalledModel
from atomic_verify.models.circuit import CircuitManifest, CircuitMismatch, read_circuit
from atomic_verify.models.critical.installed import KEYS_NAME
from atomic_verify.protocol.terms import MAX_PROVEN_ITEMS
from atomic_verify.protocol.types import CriticalKind
from circuits.errors import EzklMissing
from circuits.keys import RECORD
from circuits.prover import Circuit as EzklCircuit
from circuits.runner import INSTALL, ProverLimits, is_available
from prover.provers import Provers, ReadyCircuit, faults_told
from prover.proving import Circuit
from prover.verifiers import Verifiers

MIB = 2**20
SETUP_SECONDS = 600.0
"""For making a circuit's keys, once."""
VERIFY_GAS = 3_250_000
"""What must be left for a verifier, and a little more: `Proofs` refuses to go on with less."""
COMMIT_GAS, INSTANCE_GAS, PROOF_BYTE_GAS = 300_000, 700, 20
"""Of a commit, and of each public instance and byte of a proof in it, calldata and hashing included. Eight proofs of
magika's head are estimated at 15.4 M by these, and need 14.4 M."""

OpenCircuit = Callable[[InstalledModel], Circuit]


def open_provers(
    settings: Settings,
    chain: Chain,
    models: Iterable[InstalledModel],
    log: Any,
    open_circuit: OpenCircuit | None = None,
) -> Provers:
    """The circuits of all models that have one and can be proven here; `open_circuit` takes EZKL's place.

    With `worker.prove = "always"` raises EzklMissing, and for any model whatever keeps it from being offered.
    """
    critical = [model for model in models if model.critical is not None]
    if not critical:
        return Provers()
    if settings.worker.prove == "never":
        log.info("proofs_not_offered", models=_names(critical), reason="worker.prove is never")
        return Provers()
    if open_circuit is None and not is_available():
        if settings.worker.prove == "always":
            raise EzklMissing("worker.prove is always, but EZKL isn't installed", hint=INSTALL, setting="worker.prove")
        log.warning("proofs_not_offered", models=_names(critical), reason=EzklMissing.code, hint=INSTALL)
        return Provers()
    opened = open_circuit or _ezkl(settings, log)
    return Provers(_ready(settings, chain, critical, opened, log))


def _ready(
    settings: Settings, chain: Chain, models: Iterable[InstalledModel], opened: OpenCircuit, log: Any
) -> Iterator[ReadyCircuit]:
    verifiers = Verifiers(chain.rpc)
    for model in models:
        try:
            require_room(model, settings.worker)
            yield _made_ready(model, chain, verifiers, opened, log)
        except AtomicError as error:
            if settings.worker.prove == "always":
                raise
            log.warning(
                "proofs_not_offered", models=[model.name], reason=error.code, message=error.message, hint=error.hint
            )


def require_room(model: InstalledModel, worker: WorkerSettings) -> None:
    """Refuses settings under which no proof is made: jobs would be taken on and lost. Raises ConfigInvalid."""
    cost = read_circuit(model.directory)[0].cost
    needed = {"proof_memory_mib": -(-cost.peak_mb * 10**6 // MIB), "proof_seconds": cost.prove_seconds}
    for name, least in needed.items():
        allowed = getattr(worker, name)
        if allowed < least:
            raise ConfigInvalid(
                f"A proof of {model.name} takes {least:g} by its circuit.json, but worker.{name} is {allowed:g}",
                hint=f"Set worker.{name} to some more than that",
                setting=f"worker.{name}",
            )


def _made_ready(
    model: InstalledModel, chain: Chain, verifiers: Verifiers, opened: OpenCircuit, log: Any
) -> ReadyCircuit:
    """Checks what is quick to check first."""
    manifest, _ = read_circuit(model.directory)
    manifest.require_ceremony(chain.chain_id)
    verifiers.require_deployable(model)
    with faults_told("The keys can't be made"):
        circuit = opened(model)
        circuit.ensure_keys()
    kind = model.manifest.spec().critical.kind
    seconds = manifest.cost.prove_seconds
    most = most_items(manifest)
    if most < 1:
        raise CircuitMismatch(
            f"No transaction takes a proof of {model.name}: its verifier needs {manifest.cost.verify_gas} gas",
            hint="Build its circuit with fewer columns",
        )
    log.info(
        "proofs_offered",
        model=model.name,
        whole=kind is CriticalKind.WHOLE,
        seconds_per_proof=seconds,
        most_items=most,
    )
    return ReadyCircuit(model.model_id, kind, circuit, seconds, most)


def most_items(circuit: CircuitManifest) -> int:
    """How many items a job may have, so that one transaction takes all their proofs: a job with more would be lost."""
    cost = circuit.cost
    each = cost.verify_gas + INSTANCE_GAS * circuit.instance_count + PROOF_BYTE_GAS * cost.proof_bytes
    # Before each proof is checked, the most that a verifier may use has to be left.
    free = TRANSACTION_GAS * 63 // 64 - COMMIT_GAS - max(0, VERIFY_GAS - cost.verify_gas)
    return max(0, min(MAX_PROVEN_ITEMS, free // each))


def _ezkl(settings: Settings, log: Any) -> OpenCircuit:
    worker = settings.worker
    limits = ProverLimits(
        prove_seconds=worker.proof_seconds, setup_seconds=SETUP_SECONDS, memory=worker.proof_memory_mib * MIB
    )

    def opened(model: InstalledModel) -> Circuit:
        def progress(step: str) -> None:
            log.info("circuit", model=model.name, step=step)

        return EzklCircuit.open(model, limits, progress, keys_folder(model, settings.data_dir))

    return opened


def keys_folder(model: InstalledModel, data_dir: Path) -> Path | None:
    """Where a circuit's keys are kept: None for beside the model, unless nobody made them there and nobody may."""
    has_keys = (model.directory / KEYS_NAME / RECORD).exists()
    return None if has_keys or os.access(model.directory, os.W_OK) else data_dir / "circuits" / model.name


def _names(models: Iterable[InstalledModel]) -> list[str]:
    return [model.name for model in models]
