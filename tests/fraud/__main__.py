"""`make demo-fraud`: every way to cheat that is known here, for real, and what becomes of it.

python -m tests.fraud [--out build] [--short]
"""

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from atomic_verify.cli.demo.files import choose_files
from atomic_verify.cli.demo.processes import Fleet
from atomic_verify.cli.errors import DemoFailed
from atomic_verify.cli.output import Teller, console, note, print_error
from atomic_verify.cli.signals import ended_like_ctrl_c
from atomic_verify.errors import AtomicError
from atomic_verify.models.build import build_model
from atomic_verify.models.library import InstalledModel
from atomic_verify.observability import configure_logging
from tests.fraud.play import Setting, Times, play
from tests.fraud.report import FraudReport, show
from tests.fraud.stories import Story, short_stories, stories

MODELS: Final = Path("build/models")
MAX_SECONDS: Final = 240


def main() -> int:
    """Plays the stories; the exit code is 0 only if each ends as it must and the books balance."""
    parser = argparse.ArgumentParser(prog="python -m tests.fraud")
    parser.add_argument("--out", type=Path, default=Path("build"), help="folder for fraud.json, keys and logs")
    parser.add_argument("--short", action="store_true", help="a few stories, on small models")
    given = parser.parse_args()
    configure_logging(level="WARNING")
    try:
        return _run(Path.cwd(), given.out, short_stories() if given.short else stories())
    except AtomicError as error:
        print_error(error)
        return 1


def _run(root: Path, out: Path, told: Sequence[Story]) -> int:
    out.mkdir(parents=True, exist_ok=True)
    folder, result = (out / "fraud").resolve(), out / "fraud.json"
    try:
        with FileLock(out / "fraud.lock", timeout=0), ended_like_ctrl_c():
            shutil.rmtree(folder, ignore_errors=True)
            result.unlink(missing_ok=True)
            report = _played(root, folder, told, Times())
    except Timeout:
        raise DemoFailed("The stories of fraud are played in this folder already.", hint="Wait.") from None
    report.save(result)
    show(report)
    if report.seconds > MAX_SECONDS:
        note(f"That took {report.seconds:.0f} s: more than a machine with 2 cores needs that does nothing else.")
    for problem in report.all_problems:
        console().print(f"[bold red]wrong[/] {problem}", soft_wrap=True)
    if report.all_problems:
        return 1
    console().print(f"[bold green]Each story ended as it must, and the books balance to the last unit.[/] {result}")
    return 0


def _played(root: Path, folder: Path, told: Sequence[Story], times: Times) -> FraudReport:
    fleet = Fleet(folder / "logs")
    with Teller() as teller:
        teller.now("building the models")
        models = {name: build_model(root / "models" / name, root / MODELS) for name in _names(told)}
        teller.done("set up; from here on the clock runs")
        setting = Setting(folder, fleet, teller, models, Items(root, models), times)
        try:
            report = play(setting, told)
        except Exception:
            note(f"The logs of all processes are in {fleet.logs}.")
            raise
        finally:
            fleet.stop()
    if left := fleet.leftovers():
        raise DemoFailed(f"Processes still run: {left}")
    return report


def _names(told: Sequence[Story]) -> list[str]:
    return list(dict.fromkeys(story.model for story in told))


class Items:
    """Items for a story's job: real files of this repository for magika, the examples of the others over and over.

    No two stories on one model begin with the same: outputs that are the same are the same blob, which one worker can't
    withhold if another serves it.
    """

    def __init__(self, root: Path, models: Mapping[str, InstalledModel]) -> None:
        self._files = [root / path for path in choose_files(root)] if "magika" in models else []
        self._examples = {name: sorted((root / "models" / name / "examples").iterdir()) for name in models}

    def __call__(self, story: Story) -> Sequence[Path | bytes]:
        files = self._files if story.model == "magika" else self._examples[story.model]
        return [files[(story.number + number) % len(files)] for number in range(story.items)]


if __name__ == "__main__":
    sys.exit(main())
