"""`atomic demo --zk`: a `hybrid` job over real files and a `proven` one over real rows, from RFP to settled.

A chain, a worker with EZKL and a gateway as processes of their own; real proofs, checked on the chain by the circuits'
verifiers, and once more here by EZKL from each receipt. What is left of it are `zk.json`, the receipts and the logs.
"""

import shutil
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from atomic_verify.chain.anvil import Anvil, AnvilOptions
from atomic_verify.chain.client import Chain
from atomic_verify.chain.receipt_chain import ReceiptChain
from atomic_verify.cli.demo.people import PRICES, REQUESTER, Person, Role, make_person, open_market, write_settings
from atomic_verify.cli.demo.processes import Fleet
from atomic_verify.cli.demo.proven_report import ProvenItem, ProvenJob, ProvenReport
from atomic_verify.cli.demo.story import MAX_PRICE, start_daemons
from atomic_verify.cli.errors import DemoFailed
from atomic_verify.cli.output import Teller
from atomic_verify.client import GatewayClient, JobStatus
from atomic_verify.commitments import decode_item, encode_item
from atomic_verify.errors import AtomicError
from atomic_verify.execution.providers import ExecutionSettings, Provider
from atomic_verify.execution.runtime import load_runtime
from atomic_verify.execution.sessions import Session
from atomic_verify.models.build import build_model
from atomic_verify.models.critical.installed import KEYS_NAME
from atomic_verify.models.library import Executable, InstalledModel
from atomic_verify.models.pinned import read_pinned
from atomic_verify.protocol.primitives import JobId, parse_word
from atomic_verify.receipts import Receipt, load_receipt, verify_on_chain
from atomic_verify.storage.database import open_database
from atomic_verify.storage.decisions import DecisionLog
from circuits.prover import Circuit

WORKER: Final = "worker-a"
TIMES: Final = {"bidding": 5, "reveal": 5, "execution": 300, "window": 3}
JOB_SECONDS: Final = 600.0
MEGABYTE: Final = 10**6


@dataclass(frozen=True, slots=True)
class Asked:
    """A job of the demo: its guarantee, its model, and the items, which are files of the repository."""

    guarantee: str
    model: InstalledModel
    items: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """What the demo works with."""

    chain: Chain
    gateway: GatewayClient
    fleet: Fleet
    worker: Person
    receipts: Path
    tell: Callable[[str], None]


def prepare(root: Path, models: Path, teller: Teller) -> tuple[Asked, ...]:
    """Installs both models and makes their circuits' keys, once."""
    found = []
    for guarantee, name in (("hybrid", "magika-hybrid"), ("proven", "penguins")):
        model = build_model(root / "models" / name, models)
        Circuit.open(model, progress=teller.now).ensure_keys()
        found.append(Asked(guarantee, model, _items(root, guarantee)))
    return tuple(found)


def _items(root: Path, guarantee: str) -> tuple[Path, ...]:
    if guarantee == "hybrid":
        return tuple(root / name for name in ("README.md", "Makefile", "contracts/src/Results.sol"))
    return tuple(sorted((root / "models" / "penguins" / "examples").iterdir())[:5])


def play(folder: Path, fleet: Fleet, asked: tuple[Asked, ...], teller: Teller) -> ProvenReport:
    """Plays both jobs. Raises DemoFailed, and what the chain, the gateway and the receipts raise."""
    began = time.monotonic()
    for one in asked:
        _install(one.model, folder / "models" / one.model.name)
    with Anvil(AnvilOptions(block_time=1.0, mixed=True)) as node:
        teller.now("making keys, deploying the contracts, publishing the models, staking")
        people = {
            REQUESTER: make_person(REQUESTER, folder, Role.GATEWAY),
            WORKER: make_person(WORKER, folder, Role.WORKER, PRICES[WORKER]),
        }
        chain = open_market(node, folder, list(people.values()), [one.model for one in asked])
        teller.done("a chain runs, with the contracts and both models on it, and a worker's stake")
        for person in people.values():
            write_settings(person, node, folder)
        try:
            start_daemons(fleet, people, teller.now)
            teller.done("a gateway and a worker with EZKL run, each a process of its own")
            with GatewayClient(people[REQUESTER].url) as gateway:
                stage = Stage(chain, gateway, fleet, people[WORKER], folder / "receipts", teller.now)
                jobs = tuple(_job(stage, one, teller) for one in asked)
        finally:
            teller.now("stopping all processes")
            fleet.stop()
    teller.done("all processes have ended")
    return ProvenReport(jobs, time.monotonic() - began)


def _install(model: InstalledModel, target: Path) -> None:
    """The model's files, with the keys where they were made: they are large."""
    shutil.copytree(model.directory, target, ignore=shutil.ignore_patterns(KEYS_NAME))
    (target / KEYS_NAME).symlink_to((model.directory / KEYS_NAME).resolve(), target_is_directory=True)


def _job(stage: Stage, asked: Asked, teller: Teller) -> ProvenJob:
    """One job from RFP to settled, with everything that is to be told of it."""
    stage.tell(f"submitting {len(asked.items)} items, {asked.guarantee}")
    job = stage.gateway.submit(
        asked.model.name, asked.items, max_price=MAX_PRICE, times=TIMES, guarantee=asked.guarantee
    )
    done = stage.gateway.wait(job.id, timeout=JOB_SECONDS, poll=0.2, on_look=lambda status: _look(stage, status, asked))
    receipts = [_receipt(stage, done.id, at) for at in range(len(asked.items))]
    transaction, verifier = receipts[0].commitment.transaction, str(_proof(receipts[0]).verifier)
    columns = zip(
        asked.items,
        [_proven(stage, done.id, at) for at in range(len(asked.items))],
        _labels(asked),
        _verify_gas(stage.chain, transaction, verifier),
        _made(stage.worker, JobId(parse_word(done.id))),
        receipts,
        strict=True,
    )
    items = tuple(
        ProvenItem(
            name=path.name,
            proven_label=label,
            onnxruntime_label=run,
            certain=certain,
            verify_gas=gas,
            prove_seconds=round(float(made["seconds"]), 2),
            peak_mb=-(-int(made["peak_bytes"]) // MEGABYTE),
            proof_bytes=len(b64decode(_proof(receipt).snark or "")),
        )
        for path, (label, certain), run, gas, made, receipt in columns
    )
    found = ProvenJob(
        guarantee=asked.guarantee,
        model=asked.model.name,
        job=done.id,
        items=items,
        commit_gas=int(stage.chain.rpc.call("eth_getTransactionReceipt", [transaction])["gasUsed"], 16),
        receipts_verified=all(_holds(stage, asked.model, one) for one in receipts),
    )
    teller.done(f"{len(items)} items of a {asked.guarantee} job proven, checked on the chain, and settled")
    return found


def _look(stage: Stage, status: JobStatus, asked: Asked) -> None:
    stage.fleet.require_alive()
    made = len(_made(stage.worker, JobId(parse_word(status.id))))
    proofs = f", {made} of {len(asked.items)} proofs made" if made else ""
    stage.tell(f"{asked.guarantee} job {status.id[:10]}: {status.state}{proofs}")


def _made(worker: Person, job: JobId) -> list[Mapping[str, Any]]:
    """What the worker has on record of each proof, in the items' order."""
    with open_database(f"sqlite:///{worker.folder}/data/atomic.sqlite") as database:
        found = [one.details["made"] for one in DecisionLog(database).of(job, "prove") if one.outcome == "item"]
    return sorted(found, key=lambda one: int(one["item"]))


def _proven(stage: Stage, job: str, item: int) -> tuple[str, bool]:
    """The label of what the chain recorded, and whether it is certain."""
    proven = stage.gateway.item(job, item).raw["assurance"]["proven"]
    return str(proven["label"]), bool(proven["certain"])


def _receipt(stage: Stage, job: str, item: int) -> Receipt:
    file = stage.receipts / f"{job[2:10]}-{item:02}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(stage.gateway.receipt(job, item))
    return load_receipt(file)


def _proof(receipt: Receipt) -> Any:
    if receipt.proof is None:
        raise DemoFailed("A receipt of a proven item comes without a proof.")
    return receipt.proof


def _holds(stage: Stage, model: InstalledModel, receipt: Receipt) -> bool:
    """Whether the receipt holds against the chain, and its proof by EZKL too."""
    stage.tell(f"checking the receipt of item {receipt.item.index}")
    circuit = Circuit.open(model)

    def check(proof: bytes, instances: Sequence[int]) -> bool:
        circuit.verify(proof, instances)
        return True

    try:
        market = stage.chain.deployment.market
        report = verify_on_chain(receipt, ReceiptChain(stage.chain.rpc), trusted_market=market, snark=check)
    except AtomicError as error:
        stage.tell(f"the receipt of item {receipt.item.index} does not hold: {error.message}")
        return False
    return report.final


def _labels(asked: Asked) -> Iterator[str]:
    """What the plain ONNX file says by onnxruntime, without hardening, circuit or chain."""
    model, manifest = asked.model, asked.model.manifest
    graph = read_pinned(model.directory, manifest.onnx)
    plain = Executable(
        model.name, graph, manifest.onnx.sha256, manifest.input_signature, manifest.output_signature, manifest.stacking
    )
    session = Session(plain, Provider.CPU, ExecutionSettings(threads=1), load_runtime())
    for path in asked.items:
        inputs = model.encode(BytesIO(path.read_bytes()))
        ran = session.run_payload(1, encode_item(manifest.input_specs, inputs))
        answer = model.answer(inputs, decode_item(manifest.output_specs, ran.payload))
        yield str(answer.get("class_label", answer.get("dl_label")))


def _verify_gas(chain: Chain, transaction: str, verifier: str) -> Iterator[int]:
    """Gas of each call of the verifier in a transaction."""
    trace = chain.rpc.call("debug_traceTransaction", [transaction, {"tracer": "callTracer"}])
    open_calls = [trace]
    while open_calls:
        call = open_calls.pop(0)
        if str(call.get("to", "")).lower() == verifier.lower():
            yield int(call["gasUsed"], 16)
        open_calls[:0] = call.get("calls", [])
