"""The demo's two jobs: an honest one over real files, and one whose winner is killed after the award.

Every wait is bounded, looks at whether the daemons still live, and tells how things go.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from atomic_verify.chain.client import Chain
from atomic_verify.chain.receipt_chain import ReceiptChain
from atomic_verify.cli.amounts import TOKEN
from atomic_verify.cli.answers import answer_of
from atomic_verify.cli.demo.people import Person
from atomic_verify.cli.demo.processes import Fleet
from atomic_verify.cli.demo.report import DemoItem, Reassigned
from atomic_verify.cli.errors import DemoFailed
from atomic_verify.client import GatewayClient, JobFailed, JobStatus
from atomic_verify.errors import AtomicError
from atomic_verify.models.library import InstalledModel
from atomic_verify.protocol.primitives import JobId, parse_word
from atomic_verify.protocol.types import JobState
from atomic_verify.receipts import load_receipt, verify_on_chain

MAX_PRICE: Final = TOKEN
TIMES: Final = {"bidding": 5, "reveal": 5, "execution": 30, "window": 3}
SHORT_TIMES: Final = {"bidding": 5, "reveal": 5, "execution": 8, "window": 3}
"""Of the second job: the other worker may take it over when the time to execute is over."""
START_SECONDS: Final = 180.0
JOB_SECONDS: Final = 90.0
AWARD_SECONDS: Final = 30.0
WATCH_SECONDS: Final = 0.02
KILLS: Final = 3
"""How often the second story is tried: the winner may outrun the kill, or have no runner-up."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """What both stories work with."""

    chain: Chain
    gateway: GatewayClient
    fleet: Fleet
    people: Mapping[str, Person]
    model: InstalledModel
    receipts: Path
    tell: Tell

    def name_of(self, address: str | None) -> str:
        found = [name for name, person in self.people.items() if address and person.address.lower() == address.lower()]
        return found[0] if found else str(address)


def start_daemons(fleet: Fleet, people: Mapping[str, Person], tell: Tell) -> None:
    """Starts the gateway and the workers, and waits until they are ready."""
    for person in people.values():
        start(fleet, person)
    for name, person in people.items():
        tell(f"waiting for {name}")
        wait_ready(fleet, person)


def honest_job(stage: Stage, files: Sequence[Path]) -> tuple[JobStatus, tuple[DemoItem, ...]]:
    """One job over all files; its answers and receipts, each receipt checked against the chain."""
    job = _submit(stage, files, TIMES)
    done = _wait_final(stage, job)
    items = []
    for index, path in enumerate(files):
        stage.tell(f"checking the receipt of {path}")
        items.append(_item(stage, job.id, index, path))
    return done, tuple(items)


def killed_job(stage: Stage, files: Sequence[Path], honest: Sequence[DemoItem]) -> Reassigned:
    """A job whose winner is killed between award and commit; the other worker takes it over and ends it well.

    Its answers have to be those of the `honest` job over the same files, and its receipts have to hold.
    """
    for _ in range(KILLS):
        job = _submit(stage, files, SHORT_TIMES)
        winner = _kill_winner(stage, JobId(parse_word(job.id)))
        try:
            done = _wait_final(stage, job)
        except JobFailed as error:
            stage.tell(f"nobody could take the job over: {error.message}")
            _restart(stage, winner)
            continue
        items = [_item(stage, job.id, index, path) for index, path in enumerate(files)]
        for one, other in zip(items, honest, strict=True):
            if not one.receipt_verified or one.label != other.label:
                raise DemoFailed(f"The second job's answer for {one.path} doesn't hold, or isn't the first one's.")
        if done.worker is not None and done.worker.lower() != winner.address.lower():
            return Reassigned(job.id, winner.address, done.worker)
        stage.tell(f"{winner.name} had committed before it was killed")
        _restart(stage, winner)
    raise DemoFailed(f"{KILLS} times in a row the winner committed before it was killed, or had no runner-up.")


def _restart(stage: Stage, person: Person) -> None:
    """Starts a killed worker again for another try; it goes on from what it had on disk."""
    start(stage.fleet, person)
    wait_ready(stage.fleet, person)


def start(fleet: Fleet, person: Person, *flags: str) -> None:
    """Starts a person's daemon, with further flags of its command."""
    fleet.start(person.name, [person.role, "run", "--config", str(person.settings), *flags])


def wait_ready(fleet: Fleet, person: Person) -> None:
    """Waits until a person's daemon is ready. Raises DemoFailed."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        fleet.require_alive()
        try:
            if httpx.get(f"{person.url}/health/ready", timeout=5, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise DemoFailed(f"{person.name} was not ready within {START_SECONDS:g} s.")


def _submit(stage: Stage, files: Sequence[Path], times: Mapping[str, int]) -> JobStatus:
    stage.tell(f"submitting {len(files)} files")
    return stage.gateway.submit(stage.model.name, files, max_price=MAX_PRICE, times=times)


def _wait_final(stage: Stage, job: JobStatus) -> JobStatus:
    def look(status: JobStatus) -> None:
        stage.fleet.require_alive()
        bids, worker = status.raw.get("bids", ()), stage.name_of(status.worker)
        stage.tell(f"job {job.id[:10]}: {status.state}, {len(bids)} bids" + (f", {worker}" if status.worker else ""))

    return stage.gateway.wait(job.id, timeout=JOB_SECONDS, poll=0.2, on_look=look)


def _kill_winner(stage: Stage, job: JobId) -> Person:
    """Watches the chain itself, and kills the winner's process as soon as the award is mined."""
    deadline = time.monotonic() + AWARD_SECONDS
    while (found := stage.chain.job_of(job)).state in (JobState.NONE, JobState.POSTED):
        stage.fleet.require_alive()
        if time.monotonic() >= deadline:
            raise DemoFailed("The second job was not awarded in time.")
        time.sleep(WATCH_SECONDS)
    name = stage.name_of(found.worker)
    if name not in stage.people:
        raise DemoFailed(f"The second job ended {found.state.name.lower()} without an award.")
    stage.fleet.kill(name)
    stage.tell(f"{name} has won, and was killed")
    return stage.people[name]


def _item(stage: Stage, job: str, index: int, path: Path) -> DemoItem:
    """An item's answer, its receipt in a file, and whether that file holds and makes the same answer."""
    answer = stage.gateway.item(job, index).answer
    file = stage.receipts / f"{job[2:10]}-{index:02}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(stage.gateway.receipt(job, index))
    try:
        receipt = load_receipt(file)
        market = stage.chain.deployment.market
        report = verify_on_chain(receipt, ReceiptChain(stage.chain.rpc), trusted_market=market)
        holds = report.final and answer_of(receipt, stage.model) == answer and receipt.job == job
    except AtomicError as error:
        stage.tell(f"the receipt of {path} does not hold: {error.message}")
        holds = False
    return DemoItem(str(path), str(answer["label"]), float(answer["score"]), str(_shown(file)), holds)


def _shown(path: Path) -> Path:
    """A path as the report names it: from the working folder where it lies in there."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
