"""`atomic demo`: the whole honest path, for real, in one command; `--zk`: jobs whose decisions are proven (`proven`).

A chain, two workers and a gateway as processes of their own; one job over real files; a second one whose winner is
killed. Everything that is promised is checked; what is left of it are `demo.json`, the receipts and the logs.
"""

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from filelock import FileLock, Timeout
from rich.markup import escape

from atomic_verify.chain.anvil import Anvil, AnvilOptions
from atomic_verify.cli.demo import proven, proven_report, reference
from atomic_verify.cli.demo.files import choose_files
from atomic_verify.cli.demo.gas import all_transactions
from atomic_verify.cli.demo.people import PRICES, REQUESTER, Person, Role, make_person, open_market, write_settings
from atomic_verify.cli.demo.processes import Fleet
from atomic_verify.cli.demo.report import MAX_SECONDS, DemoReport, problems_of, show
from atomic_verify.cli.demo.story import MAX_PRICE, Stage, honest_job, killed_job, start_daemons
from atomic_verify.cli.errors import DemoFailed
from atomic_verify.cli.output import Teller, console, note, status_console
from atomic_verify.cli.signals import ended_like_ctrl_c
from atomic_verify.client import GatewayClient
from atomic_verify.models.build import build_model
from atomic_verify.models.library import InstalledModel

app = typer.Typer(add_completion=False)

MODELS: Final = Path("build/models")
"""Where installed models are kept between runs."""
BLOCK_SECONDS: Final = 1.0
MAX_LINE: Final = 300
"""Characters of a log's line that are shown."""


@app.command()
def demo(
    out: Annotated[
        Path, typer.Option("--out", help="Folder for demo.json, and for demo/ with keys, logs and receipts.")
    ] = Path("build"),
    zk: Annotated[
        bool, typer.Option("--zk", help="Show proven decisions instead: a hybrid and a proven job, and zk.json.")
    ] = False,
) -> None:
    """Show the whole path on this machine: a chain, two workers, an auction, answers, receipts, and a dead worker.

    Ends with exit code 0 only if every answer equals the real magika package's and every receipt holds. With --zk: only
    if every proven label equals onnxruntime's. Run it in the repository's folder.
    """
    name, play = ("zk", _run_proven) if zk else ("demo", _run)
    root, folder = Path.cwd(), (out / name).resolve()
    out.mkdir(parents=True, exist_ok=True)
    with _alone(out / f"{name}.lock"), ended_like_ctrl_c():
        shutil.rmtree(folder, ignore_errors=True)
        (out / f"{name}.json").unlink(missing_ok=True)
        fleet = Fleet(folder / "logs")
        try:
            play(root, folder, out, fleet)
        except Exception:
            _show_tails(fleet)
            raise
        finally:
            fleet.stop()


def _run(root: Path, folder: Path, out: Path, fleet: Fleet) -> None:
    with Teller() as teller:
        teller.now("setting up: magika's model, and an environment with the real package to compare with")
        files = choose_files(root)
        model = build_model(root / reference.MODEL, root / MODELS)
        python = reference.prepare(root)
        teller.done("set up; from here on the clock runs")
        report, people = _play(root, folder, fleet, files, model, teller)
        teller.now("asking the real magika package about the same files")
        expected = reference.labels_of(python, root, files)
        teller.done(f"the real magika package answered for {len(expected)} files")
    problems = problems_of(report, expected) + [f"still runs: {one}" for one in fleet.leftovers()]
    report.save(out / "demo.json")
    show(report, {person.address.lower(): person.name for person in people.values()}, MAX_PRICE)
    if report.seconds > MAX_SECONDS:
        note(f"That is more than the {MAX_SECONDS} s of a machine with 2 cores that does nothing else.")
    if problems:
        raise DemoFailed("; ".join(problems)[:2000], hint=f"The logs are in {fleet.logs}.")
    console().print(f"[bold green]All of it holds.[/] {escape(str(out / 'demo.json'))} has it for programs.")


def _run_proven(root: Path, folder: Path, out: Path, fleet: Fleet) -> None:
    with Teller() as teller:
        teller.now("setting up: two models and their circuits' keys, which takes a minute the first time")
        asked = proven.prepare(root, root / MODELS, teller)
        teller.done("set up; from here on the clock runs")
        report = proven.play(folder, fleet, asked, teller)
    report.save(out / "zk.json")
    proven_report.show(report)
    problems = proven_report.problems_of(report.jobs) + [f"still runs: {one}" for one in fleet.leftovers()]
    if problems:
        raise DemoFailed("; ".join(problems)[:2000], hint=f"The logs are in {fleet.logs}.")
    console().print(f"[bold green]All of it holds.[/] {escape(str(out / 'zk.json'))} has it for programs.")


def _play(
    root: Path, folder: Path, fleet: Fleet, files: list[Path], model: InstalledModel, teller: Teller
) -> tuple[DemoReport, Mapping[str, Person]]:
    began = time.monotonic()
    shutil.copytree(root / MODELS / model.name, folder / "models" / model.name)
    with Anvil(AnvilOptions(block_time=BLOCK_SECONDS, mixed=True)) as node:
        teller.now("making keys, deploying the contracts, publishing the model, staking")
        people = {REQUESTER: make_person(REQUESTER, folder, Role.GATEWAY)}
        people |= {name: make_person(name, folder, Role.WORKER, prices) for name, prices in PRICES.items()}
        chain = open_market(node, folder, list(people.values()), [model])
        teller.done("a chain runs, with the contracts on it, magika published, and two workers' stakes")
        for person in people.values():
            write_settings(person, node, folder)
        try:
            start_daemons(fleet, people, teller.now)
            teller.done("a gateway and two workers run, each a process of its own")
            with GatewayClient(people[REQUESTER].url) as gateway:
                stage = Stage(chain, gateway, fleet, people, model, folder / "receipts", teller.now)
                done, items = honest_job(stage, files)
                teller.done(f"{len(items)} files answered by {stage.name_of(done.worker)}, every receipt checked")
                moved = killed_job(stage, files, items)
                teller.done(
                    f"{stage.name_of(moved.lost_by)} killed after its award, {stage.name_of(moved.done_by)} did it"
                )
            transactions = tuple(all_transactions(node.rpc, chain.deployment))
        finally:
            teller.now("stopping all processes")
            fleet.stop()
    teller.done("all processes have ended")
    report = DemoReport(
        items, transactions, str(done.worker), int(done.price or 0), moved, seconds=time.monotonic() - began
    )
    return report, people


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Lets one demo run at a time in a folder."""
    try:
        with FileLock(lock, timeout=0):
            yield
    except Timeout:
        raise DemoFailed("Another demo runs in this folder.", hint="Wait for it, or name another with --out.") from None


def _show_tails(fleet: Fleet) -> None:
    err = status_console()
    for name, lines in fleet.tails().items():
        err.print(f"[bold]The end of {escape(name)}'s log[/]")
        for line in lines:
            err.print(f"  {escape(line[:MAX_LINE])}", soft_wrap=True)
