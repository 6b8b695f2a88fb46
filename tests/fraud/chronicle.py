"""The chain's events as they come: who did what in which story, told while it happens, and when all is over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from atomic_verify.chain.client import Chain
from atomic_verify.cli.output import Teller
from atomic_verify.protocol.dispute_types import LineEnd, Subject
from atomic_verify.protocol.events import ChainEvent
from atomic_verify.protocol.types import JobState
from tests.fraud.docket import Docket, dockets

QUIET: Final = frozenset({"Demanded", "Answered"})
"""Events of which there are many: shown in passing."""


@dataclass(slots=True)
class Chronicle:
    """`stories` are the stories' names by job, `names` people by address in lower case."""

    chain: Chain
    names: Mapping[str, str]
    teller: Teller
    stories: dict[str, str] = field(default_factory=dict)
    events: list[ChainEvent] = field(default_factory=list)
    _next: int = 0
    _lines: dict[int, str] = field(default_factory=dict)
    _dockets: tuple[int, dict[str, Docket]] = (0, {})
    """Of so many events."""

    def look(self) -> None:
        """Reads what is new, and tells it."""
        last = self.chain.head().number
        first = max(self._next, self.chain.deployment.block)
        if first > last:
            return
        new = self.chain.events(first, last)
        self._next = last + 1
        self.events += new
        for event in new:
            self._tell(event)

    def dockets(self) -> dict[str, Docket]:
        """What happened to each job so far."""
        if self._dockets[0] != len(self.events):
            self._dockets = (len(self.events), dockets(self.events, self.chain.deployment.market))
        return self._dockets[1]

    def _tell(self, event: ChainEvent) -> None:
        args = event.args
        if event.name == "LineOpened":
            self._lines[args["line"]] = args["job"]
        job = args.get("job") or self._lines.get(args.get("line", 0))
        words = _WORDS.get(event.name)
        if job not in self.stories or words is None:
            return
        line = f"{self.stories[job]}: {words(event, self.names)}"
        (self.teller.now if event.name in QUIET else self.teller.done)(line)


def _named(names: Mapping[str, str], address: object) -> str:
    return names.get(str(address).lower(), str(address))


_WORDS: Final = {
    "Committed": lambda event, names: f"{_named(names, event.args['worker'])} committed a result",
    "ClaimRevealed": lambda event, names: f"{_named(names, event.args['claimer'])} claims that an item is wrong",
    "ClaimRefuted": lambda event, names: f"{_named(names, event.args['refuter'])} refuted the claim",
    "ClaimUpheld": lambda event, names: "the claim was upheld",
    "LineOpened": lambda event, names: (
        f"{_named(names, event.args['opener'])} demands the {Subject(event.args['subject']).name.lower()}"
    ),
    "Demanded": lambda event, names: f"round {event.args['round']}: a demand",
    "Answered": lambda event, names: f"round {event.args['round']}: {_named(names, event.args['answerer'])} answered",
    "LineClosed": lambda event, names: f"the line is closed: {LineEnd(event.args['end']).name.lower()}",
    "Settled": lambda event, names: f"the job is {JobState(event.args['state']).name.lower()}",
}
