"""All stories on one chain: who takes part, in which order things happen, and when all of it is over.

The honest worker commits its jobs and dies: from then on nobody but the watcher defends it. Only then the lying
claimers act. All other stories go on meanwhile, side by side. Windows are minutes long, and once everybody has done
what there is to do in one, the chain's clock is moved to its end: a slow machine makes the stories slow, never false.
"""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from atomic_verify.chain.anvil import Anvil, AnvilOptions
from atomic_verify.chain.client import Chain
from atomic_verify.chain.presets import Preset, development
from atomic_verify.cli.amounts import TOKEN
from atomic_verify.cli.demo.gas import sent_transactions
from atomic_verify.cli.demo.people import FUNDS, Person, Prices, Role, make_person, open_market, write_settings
from atomic_verify.cli.demo.processes import Fleet
from atomic_verify.cli.demo.story import start, wait_ready
from atomic_verify.cli.errors import DemoFailed
from atomic_verify.cli.output import Teller
from atomic_verify.client import GatewayClient
from atomic_verify.models.library import InstalledModel
from atomic_verify.protocol.primitives import Amount
from tests.fraud import books
from tests.fraud.chronicle import Chronicle
from tests.fraud.claimer import CLAIM, READY
from tests.fraud.docket import Docket, between_stories, dockets
from tests.fraud.report import FraudReport, Told
from tests.fraud.stories import HONEST, INSIDE, REQUESTER, WATCHER, Rules, Story, problems_of
from tests.fraud.worker import WITHHELD

BLOCK_SECONDS: Final = 1.0
POLL_SECONDS: Final = 0.5
LIARS_PRICES: Final = Prices(TOKEN // 50, TOKEN // 1_000)
HONEST_PRICES: Final = Prices(3 * TOKEN, TOKEN // 1_000)
SCRYPT_ROUNDS: Final = 1 << 12
"""Keys that live for minutes are encrypted for minutes: each takes seconds otherwise."""
ROUNDS: Final = 9
"""Steps between the output and the element that a lying claimer falsifies."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. `patience` is real time, the others the chain's."""

    window: int = 900
    execution: int = 300
    reveal_claims: int = 120
    refute: int = 300
    line_clock: int = 300
    patience: float = 300.0


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the stories play. `items` makes a story's items, others for each: files, or bytes."""

    folder: Path
    fleet: Fleet
    teller: Teller
    models: Mapping[str, InstalledModel]
    items: Callable[[Story], Sequence[Path | bytes]]
    times: Times


def play(setting: Setting, stories: Sequence[Story]) -> FraudReport:
    """Plays all stories and reports. Raises DemoFailed when they don't come to an end."""
    began = time.monotonic()
    for model in setting.models.values():
        shutil.copytree(model.directory, setting.folder / "models" / model.name)
    with Anvil(AnvilOptions(block_time=BLOCK_SECONDS, mixed=True)) as node:
        try:
            return _play(setting, stories, node, began)
        finally:
            setting.teller.now("stopping all processes")
            setting.fleet.stop()


def _play(setting: Setting, stories: Sequence[Story], node: Anvil, began: float) -> FraudReport:
    tell = setting.teller
    tell.now("making keys, deploying the contracts, publishing the models, staking")
    people = _people(setting.folder, stories)
    chain = open_market(node, setting.folder, list(people.values()), list(setting.models.values()), _preset(setting))
    for person in people.values():
        write_settings(person, node, setting.folder)
    tell.done(f"a chain runs, with the contracts on it, {len(setting.models)} models and {len(people)} people")
    names = {person.address.lower(): person.name for person in people.values()}
    names[chain.params().fee_recipient.lower()] = "fees"
    stage = _Stage(setting, people, Chronicle(chain, names, tell), chain)
    _start_all(stage, stories)
    with GatewayClient(people[REQUESTER].url) as gateway:
        for story in stories:
            _submit(stage, gateway, story)
    _honest_worker_dies(stage, stories)
    for story in stories:
        if story.claimer is not None:
            (people[story.claimer].folder / CLAIM).touch()
    _wait_for_disputes(stage, stories)
    _move_clock(stage, node, {"ClaimRevealed": "upholdableAt", "Demanded": "answerBy"}, "claims and lines may end")
    _until(
        stage, "claims and lines to end", lambda: not any(one.is_disputed for one in stage.chronicle.dockets().values())
    )
    if HONEST in people:
        start(setting.fleet, people[HONEST])
        wait_ready(setting.fleet, people[HONEST])
        tell.done("the honest worker is back")
    _move_clock(stage, node, {"Committed": "finalAt"}, "results may be final")
    _until(stage, "all stories to end", lambda: _all_over(stage, stories))
    tell.done("all stories have ended")
    # Nobody moves any more while the books are kept.
    setting.fleet.stop()
    return _report(stage, stories, node, time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class _Stage:
    setting: Setting
    people: Mapping[str, Person]
    chronicle: Chronicle
    chain: Chain


def _people(folder: Path, stories: Sequence[Story]) -> dict[str, Person]:
    """The requester, the watcher, the honest worker if a story has it, and the liars."""
    found = [_person(REQUESTER, folder, Role.GATEWAY), _person(WATCHER, folder, Role.WATCHER)]
    if any(story.lie is None for story in stories):
        found.append(_person(HONEST, folder, Role.WORKER, HONEST_PRICES))
    found += [_person(one.worker, folder, Role.WORKER, LIARS_PRICES) for one in stories if one.lie is not None]
    found += [_person(one.claimer, folder, Role.WATCHER) for one in stories if one.claimer is not None]
    return {person.name: person for person in found}


def _person(name: str, folder: Path, role: Role, prices: Prices | None = None) -> Person:
    return make_person(name, folder, role, prices, rounds=SCRYPT_ROUNDS)


def _preset(setting: Setting) -> Preset:
    """The development parameters with the stories' times."""
    times = setting.times
    return development(claim_reveal_time=times.reveal_claims, refute_window=times.refute, line_clock=times.line_clock)


def _start_all(stage: _Stage, stories: Sequence[Story]) -> None:
    """Starts everybody, and waits until all are ready."""
    fleet, people = stage.setting.fleet, stage.people
    start(fleet, people[REQUESTER])
    start(fleet, people[WATCHER], "--defend")
    if HONEST in people:
        start(fleet, people[HONEST])
    for story in stories:
        if story.lie is not None:
            person = people[story.worker]
            arguments = [story.lie, "--config", str(person.settings), "--price", str(story.mark)]
            fleet.start(person.name, arguments, "tests.fraud.worker")
        if story.claimer is not None and story.claim is not None:
            person = people[story.claimer]
            arguments = [story.claim, "--config", str(person.settings), "--price", str(story.mark)]
            arguments += ["--signs", str(person.folder), "--rounds", str(ROUNDS)]
            fleet.start(person.name, arguments, "tests.fraud.claimer")
    for name, person in people.items():
        stage.setting.teller.now(f"waiting for {name}")
        wait_ready(fleet, person)
    stage.setting.teller.done("a gateway, a watcher, an honest worker and the liars run, each a process of its own")


def _submit(stage: _Stage, gateway: GatewayClient, story: Story) -> None:
    """Asks for the story's job. Its price is its mark: one worker signs for it."""
    setting = stage.setting
    setting.teller.now(f"{story.id}: submitting {story.items} items")
    times = {"execution": setting.times.execution, "window": setting.times.window}
    items = setting.items(story)
    job = gateway.submit(story.model, items, max_price=story.mark, kind="quote", times=times)
    stage.chronicle.stories[job.id] = story.id


def _honest_worker_dies(stage: _Stage, stories: Sequence[Story]) -> None:
    """Kills the honest worker once its results are committed, and others have fetched them."""
    honest = [story.id for story in stories if story.lie is None]
    if not honest:
        return
    _until(stage, "the honest worker's results", lambda: _all_committed(stage, honest))
    _until(stage, "others to have fetched them", lambda: _are_fetched(stage, stories))
    stage.setting.fleet.kill(HONEST)
    stage.setting.teller.done("the honest worker was killed; now the lying claimers act")


def _wait_for_disputes(stage: _Stage, stories: Sequence[Story]) -> None:
    """Waits until every story has come as far as it can before a window ends; what doesn't shows at the end."""

    def are_under_way() -> bool:
        found = stage.chronicle.dockets()
        return _has_examined(stage, stories) and all(
            _is_under_way(story, found[_job_of(stage, story.id)]) for story in stories
        )

    try:
        _until(stage, "disputes", are_under_way)
    except DemoFailed as error:
        stage.setting.teller.done(f"{error.message} Going on: {error.hint}")


def _is_under_way(story: Story, docket: Docket) -> bool:
    """Whether all that can happen before a window ends has happened."""
    if story.claim is not None:
        return any(claim.end != "open" for claim in docket.claims.values()) and not docket.is_disputed
    if story.lie == WITHHELD:
        return bool(docket.lines)
    return bool(docket.claims) or story.lie == INSIDE


def _has_examined(stage: _Stage, stories: Sequence[Story]) -> bool:
    """Whether the watcher has looked at every result that is served."""
    with suppress(httpx.HTTPError, ValueError, KeyError):
        url = f"{stage.people[WATCHER].url}/v1/status"
        seen = httpx.get(url, timeout=5, trust_env=False).json()
        return int(seen["results"]) >= sum(story.lie != WITHHELD for story in stories)
    return False


def _move_clock(stage: _Stage, node: Anvil, times: Mapping[str, str], why: str) -> None:
    """Moves the chain's clock to the latest of the times that events told: the argument's name by the event's."""
    told = [int(event.args[times[event.name]]) for event in stage.chronicle.events if event.name in times]
    seconds = max(told, default=0) - stage.chain.timestamp()
    if seconds > 0:
        node.mine_blocks(1, seconds=seconds)
        stage.setting.teller.done(f"the chain's clock was moved by {seconds} s: {why}")


def _job_of(stage: _Stage, story: str) -> str:
    return next(job for job, name in stage.chronicle.stories.items() if name == story)


def _all_committed(stage: _Stage, stories: Sequence[str]) -> bool:
    found = stage.chronicle.dockets()
    jobs = [_job_of(stage, story) for story in stories]
    return all(job in found and found[job].committed_at is not None for job in jobs)


def _are_fetched(stage: _Stage, stories: Sequence[Story]) -> bool:
    """Whether the gateway and the watcher serve the honest outputs themselves, and the lying claimers have them."""
    found, people = stage.chronicle.dockets(), stage.people
    digests = []
    for story in stories:
        committed = found[_job_of(stage, story.id)].event("Committed")
        if story.lie is None and committed is not None:
            digests.append(committed.args["payloadDigest"][2:])
    claimers = [people[story.claimer].folder for story in stories if story.claimer is not None]
    ready = all((folder / READY).exists() for folder in claimers)
    return ready and all(_serves(people[name], digest) for name in (REQUESTER, WATCHER) for digest in digests)


def _serves(person: Person, digest: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"{person.url}/v1/blobs/{digest}", timeout=5, trust_env=False).is_success
    return False


def _all_over(stage: _Stage, stories: Sequence[Story]) -> bool:
    found = stage.chronicle.dockets()
    jobs = [_job_of(stage, story.id) for story in stories]
    return all(job in found and found[job].is_over for job in jobs)


def _until(stage: _Stage, what: str, seen: Callable[[], bool]) -> None:
    """Waits until `seen` is true, and tells what happens meanwhile."""
    deadline = time.monotonic() + stage.setting.times.patience
    while True:
        stage.chronicle.look()
        if seen():
            return
        stage.setting.fleet.require_alive()
        if time.monotonic() >= deadline:
            found = stage.chronicle.dockets()
            stand = {story: found[job].outcome for job, story in stage.chronicle.stories.items() if job in found}
            raise DemoFailed(f"Waited too long for {what}.", hint=", ".join(f"{k}: {v}" for k, v in stand.items()))
        time.sleep(POLL_SECONDS)


def _report(stage: _Stage, stories: Sequence[Story], node: Anvil, seconds: float) -> FraudReport:
    """Holds every story against what it must come to, and the books against the chain."""
    chain, market = stage.chain, stage.chain.deployment.market
    events = books.all_events(chain)
    kept = books.keep_books(chain, events)
    found = dockets(events, market)
    rules = _rules(stage)
    told = []
    for story in stories:
        docket = found.pop(_job_of(stage, story.id))
        posted = docket.event("RfpPosted")
        bond = Amount(0 if posted is None else int(posted.args["rfp"]["jobBond"]))
        told.append(Told(story, docket, tuple(problems_of(story, docket, bond, rules))))
    problems = [*kept.problems, *(f"job {job} is nobody's story" for job in found)]
    outside = between_stories(events, {one.docket.job: one.docket for one in told}, market)
    for name, person in stage.people.items():
        if outside[person.address.lower()] != FUNDS:
            problems.append(f"{name} had {outside[person.address.lower()]} units from outside the stories")
    sent = {one.hash: one for one in sent_transactions(node.rpc, chain.deployment)}
    return FraudReport(tuple(told), sent, stage.chronicle.names, tuple(problems), seconds)


def _rules(stage: _Stage) -> Rules:
    chain = stage.chain
    params, policy = chain.params(), chain.policy_of(chain.deployment.utility_token)
    addresses = {name: person.address.lower() for name, person in stage.people.items()}
    return Rules(addresses, params.fee_recipient.lower(), params.fee_bps, policy.bond_rate)
