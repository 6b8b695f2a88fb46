"""What the stories came to: build/fraud.json for programs, a table for people, and all that went wrong."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from atomic_verify.cli.amounts import show_tokens
from atomic_verify.cli.demo.gas import SentTransaction
from atomic_verify.cli.output import console
from atomic_verify.protocol.dispute_types import Subject
from tests.fraud.books import BURNED
from tests.fraud.docket import Docket, gas_of
from tests.fraud.stories import WATCHER, Story

NAMES_OF_NOBODY = {BURNED: "burned"}


@dataclass(frozen=True, slots=True)
class Told:
    """A story with what came of it. `problems` are the reasons why it didn't end as it must."""

    story: Story
    docket: Docket
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FraudReport:
    """All stories. `sent` are the chain's transactions by hash, `names` people by address in lower case; `problems` are
    those of the books.
    """

    told: tuple[Told, ...]
    sent: Mapping[str, SentTransaction]
    names: Mapping[str, str]
    problems: tuple[str, ...]
    seconds: float

    @property
    def balanced(self) -> bool:
        return not self.problems

    @property
    def all_problems(self) -> list[str]:
        """Everything that isn't as it must be."""
        stories = [f"story {one.story.id}: {problem}" for one in self.told for problem in one.problems]
        return [*stories, *(f"books: {problem}" for problem in self.problems)]

    def to_json(self) -> dict[str, Any]:
        """Amounts are decimal strings of base units, which a reader that holds numbers as float64 doesn't round."""
        return {
            "stories": [self._story(one) for one in self.told],
            "balanced": self.balanced,
            "problems": self.all_problems,
            "reverted": [{"name": tx.name, "by": self.name_of(tx.sender), "gas": tx.gas} for tx in failed(self)],
            "seconds": round(self.seconds, 2),
        }

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.to_json(), indent=2) + "\n")

    def name_of(self, owner: str) -> str:
        return NAMES_OF_NOBODY.get(owner) or self.names.get(owner, owner)

    def _story(self, one: Told) -> dict[str, Any]:
        story, docket = one.story, one.docket
        sent = [self.sent[tx_hash] for tx_hash in docket.transactions]
        return {
            "id": story.id,
            "title": story.title,
            "model": story.model,
            "items": story.items,
            "job": docket.job,
            "expected": story.expected,
            "outcome": docket.outcome,
            "transactions": [{"name": tx.name, "by": self.name_of(tx.sender), "gas": tx.gas} for tx in sent],
            "gas": gas_of(docket, self.sent),
            "payments": {self.name_of(owner): str(amount) for owner, amount in docket.changes.items() if amount},
            "claims": [_claim(claim, self) for claim in docket.claims.values()],
            "rounds": rounds_of(docket),
            "delay": delay_of(docket),
        }


def rounds_of(docket: Docket) -> int:
    """Demands of all lines of a job."""
    return sum(line.demands for line in docket.lines.values())


def delay_of(docket: Docket) -> int:
    """Seconds from a false claim's reveal, or from the first demand for a result, to its end; 0 without lines."""
    spans = [
        (line.closed_at or line.opened_at) - line.opened_at
        for line in docket.lines.values()
        if line.subject is not Subject.TRACE
    ]
    spans += [(claim.ended_at or claim.revealed_at) - claim.revealed_at for claim in docket.claims.values()]
    return max(spans, default=0) if docket.lines else 0


def show(report: FraudReport) -> None:
    """The tables at the end."""
    out = console()
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("story", "what happens", "outcome", "transactions to end it", "gas", "who gained and lost"):
        table.add_column(column, overflow="fold")
    for one in report.told:
        outcome = escape(one.docket.outcome)
        table.add_row(
            escape(one.story.id),
            escape(one.story.title),
            f"[bold red]{outcome}[/]" if one.problems else f"[green]{outcome}[/]",
            ", ".join(str(len(set(claim.transactions))) for claim in one.docket.claims.values()) or "-",
            f"{gas_of(one.docket, report.sent):,}",
            escape(_payments(one.docket, report)),
        )
    out.print(table)
    for one in report.told:
        if one.docket.lines:
            out.print(_line_words(one, report))
    earned, reverted = show_tokens(watchers_gain(report)), len(failed(report))
    out.print(f"Watching earned {earned} tokens. {reverted} of {len(report.sent)} transactions reverted.")
    out.print()
    _show_gas(report)


def _line_words(one: Told, report: FraudReport) -> str:
    """How long the data was withheld, and what that cost whoever withheld it."""
    story, docket = one.story, one.docket
    demands, answers = rounds_of(docket), sum(line.answers for line in docket.lines.values())
    who = story.claimer or story.worker
    address = next((address for address, name in report.names.items() if name == who), "")
    cost = show_tokens(-docket.changes[address])
    return (
        f"Story {escape(story.id)}: {demands} demands, {answers} answers, {delay_of(docket)} s of the chain's time "
        f"from the start of the dispute to its end; it cost {escape(who)} {cost} tokens."
    )


def _show_gas(report: FraudReport) -> None:
    """Gas of the transactions of disputes, the least and the most of each kind."""
    gas: dict[str, list[int]] = {}
    for tx in report.sent.values():
        if tx.name.startswith("Disputes."):
            gas.setdefault(tx.name, []).append(tx.gas)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("transaction", "times", "least gas", "most gas"):
        table.add_column(column)
    for name, amounts in sorted(gas.items()):
        table.add_row(escape(name), str(len(amounts)), f"{min(amounts):,}", f"{max(amounts):,}")
    console().print(table)


def _payments(docket: Docket, report: FraudReport) -> str:
    changes = sorted(docket.changes.items(), key=lambda change: change[1])
    return ", ".join(
        f"{report.name_of(owner)} {'+' if amount > 0 else '-'}{show_tokens(abs(amount))}"
        for owner, amount in changes
        if amount
    )


def _claim(claim: Any, report: FraudReport) -> dict[str, Any]:
    return {
        "claimer": report.name_of(claim.claimer),
        "end": claim.end,
        "transactions": len(set(claim.transactions)),
        "seconds": None if claim.ended_at is None else claim.ended_at - claim.revealed_at,
    }


def totals(told: Sequence[Told]) -> Counter[str]:
    """What all stories together did to each owner's wealth, and burned."""
    found: Counter[str] = Counter()
    for one in told:
        found.update(one.docket.changes)
    return found


def failed(report: FraudReport) -> list[SentTransaction]:
    """Transactions that reverted: two that act at once pay for one."""
    return [tx for tx in report.sent.values() if not tx.succeeded]


def watchers_gain(report: FraudReport) -> int:
    """What watching earned, in base units; gas, which is paid in the chain's coin, is not taken off."""
    address = next(address for address, name in report.names.items() if name == WATCHER)
    return totals(report.told)[address]
