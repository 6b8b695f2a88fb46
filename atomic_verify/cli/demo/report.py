"""What the demo found, the file that it writes about it, and the table that it ends with."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from rich.markup import escape
from rich.table import Table

from atomic_verify.cli.amounts import show_tokens
from atomic_verify.cli.demo.gas import PaidTransaction
from atomic_verify.cli.output import console

MAX_SECONDS: Final = 90


@dataclass(frozen=True, slots=True)
class DemoItem:
    """One file: what was answered, and whether its receipt holds against the chain and makes the same answer."""

    path: str
    label: str
    score: float
    receipt: str
    receipt_verified: bool


@dataclass(frozen=True, slots=True)
class Reassigned:
    """The second job: awarded to one worker, done by another. Addresses."""

    job: str
    lost_by: str
    done_by: str


@dataclass(frozen=True, slots=True)
class DemoReport:
    """`price_paid` in base units; `seconds` from the start of the chain to the last check, without the set-up."""

    items: tuple[DemoItem, ...]
    transactions: tuple[PaidTransaction, ...]
    winner: str
    price_paid: int
    reassigned: Reassigned
    seconds: float

    def to_json(self) -> dict[str, Any]:
        moved = self.reassigned
        return {
            "items": [asdict(item) for item in self.items],
            "transactions": [asdict(one) for one in self.transactions],
            "winner": self.winner,
            "price_paid": self.price_paid,
            "reassigned": {"job": moved.job, "from": moved.lost_by, "to": moved.done_by},
            "seconds": round(self.seconds, 2),
        }

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.to_json(), indent=2) + "\n")


def problems_of(report: DemoReport, expected: Mapping[str, str]) -> list[str]:
    """Every promise of the demo that wasn't kept; `expected` are the real package's labels by path."""
    found = []
    for item in report.items:
        if item.label != expected.get(item.path):
            found.append(f"{item.path} is {expected.get(item.path)} for the real package, and {item.label} here")
        if not item.receipt_verified:
            found.append(f"the receipt of {item.path} does not hold")
    labels = len({item.label for item in report.items})
    if labels < 8:
        found.append(f"the files are of only {labels} types")
    if report.reassigned.lost_by == report.reassigned.done_by:
        found.append("the second job was not reassigned")
    if report.price_paid <= 0:
        found.append("nothing was paid")
    return found


def show(report: DemoReport, names: Mapping[str, str], max_price: int) -> None:
    """The tables at the end. `names` are people by address in lower case."""
    out = console()
    files = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("file", "label", "score", "receipt"):
        files.add_column(column, overflow="fold")
    for item in report.items:
        verified = "[green]verified[/]" if item.receipt_verified else "[bold red]WRONG[/]"
        files.add_row(escape(item.path), escape(item.label), f"{item.score:.3f}", verified)
    out.print(files)
    gas = Table(box=None, header_style="bold", pad_edge=False)
    gas.add_column("transaction")
    gas.add_column("gas of each", overflow="fold")
    by_name: dict[str, list[str]] = {}
    for one in report.transactions:
        by_name.setdefault(one.name, []).append(f"{one.gas:,}")
    for name, amounts in by_name.items():
        gas.add_row(escape(name), "  ".join(amounts))
    out.print()
    out.print(gas)
    out.print()
    paid, most = show_tokens(report.price_paid), show_tokens(max_price)
    out.print(f"The auction was won by [bold]{names[report.winner.lower()]}[/] ({report.winner})")
    out.print(f"It was paid [bold]{paid}[/] tokens, the second-best score; the requester had offered up to {most}.")
    moved = report.reassigned
    lost, done = names[moved.lost_by.lower()], names[moved.done_by.lower()]
    out.print(f"Job {moved.job}")
    out.print(f"was awarded to [bold]{lost}[/], which was killed, and done by [bold]{done}[/].")
    out.print(f"{len(report.items)} files, {len(report.transactions)} transactions, {report.seconds:.1f} s.")
