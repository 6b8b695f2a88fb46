"""The engine: what is due is done once, what fails waits, what is quiet rests, and reporting acts on nothing."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from atomic_verify.chain.call import Call
from atomic_verify.chain.errors import ChainUnavailable
from atomic_verify.errors import AtomicError
from atomic_verify.observability import get_logger
from atomic_verify.protocol import move_types as moves
from atomic_verify.protocol.dispute_view import Policy, Wrong
from atomic_verify.protocol.disputes import line_reserve, seal_bond
from atomic_verify.protocol.intents import IntentState
from atomic_verify.protocol.primitives import Address, Amount, JobId
from atomic_verify.protocol.types import DisputeParams, Outcome
from prover.background import Pauses
from prover.watching import engine as engine_module
from prover.watching.acts import Act
from prover.watching.cases import Case, ModelFacts
from prover.watching.engine import Engine, Hands
from prover.watching.metrics import WatchMetrics
from prover.watching.views import DisputeConstants
from tests.unit.prover.jobs import CONSTANTS, ME, RIVAL, committed
from tests.unit.prover.watching.test_views import SEALED

PARAMS = DisputeParams(100, 1_000, Amount(2), Amount(3), Amount(5))
MOVE = moves.Uphold(7, "nobody refuted it")


@dataclass
class World:
    """Everything that an engine works with, as little of it as it takes."""

    case: Case = field(default_factory=lambda: Case(committed(RIVAL, at=500), ModelFacts(4, True)))
    others: tuple[Case, ...] = ()
    wrongs: tuple[Wrong, ...] = ()
    decided: tuple[moves.Move, ...] = ()
    decisions: int = 0
    pays: bool = True
    fault: AtomicError | None = None
    submitted: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    promised: list[int] = field(default_factory=list)
    recorded: tuple[Any, ...] = ()
    seals: dict[bytes, Any] = field(default_factory=dict)
    clock: float = 0.0

    def decide(self, view: Any, opinion: Any, policy: Any, now: int) -> tuple[moves.Move, ...]:
        self.decisions += 1
        return self.decided

    def act(self, move: moves.Move, case: Case) -> Act:
        if self.fault is not None:
            raise self.fault
        return Act(move.key, Call("Disputes.uphold", Address("0x" + "66" * 20), b""))

    def submit(self, key: str, call: Call, *, note: str = "") -> Any:
        if key not in self.submitted:
            self.submitted.append(key)
        return SimpleNamespace(state=IntentState.SENT)

    def intent(self, key: str) -> Any:
        return SimpleNamespace(state=IntentState.SENT) if key in self.submitted else None

    def covers(self, move: moves.Move, depth: int, promised: Amount) -> bool:
        self.promised.append(promised)
        return self.pays

    def engine(self, *, acts: bool = True) -> Engine:
        bench = SimpleNamespace(
            account=ME if acts else None,
            claims=SimpleNamespace(of=lambda job: self.recorded),
            decisions=SimpleNamespace(add=lambda decision: self.notes.append(decision.outcome)),
            metrics=WatchMetrics(),
            log=get_logger("test"),
            clock=lambda: 0.0,
            checkpoint=lambda step: None,
        )
        world = self

        class Book(SimpleNamespace):
            def __iter__(self):
                return iter((world.case, *world.others))

        book = Book(own_seals=self.seals, foreign_seals=(), renew=lambda touched: None, distrust=lambda: None)
        results = SimpleNamespace(
            opinion=lambda case: (self.wrongs, ()), forget=lambda jobs: None, is_withheld=lambda case: False
        )
        chores = SimpleNamespace(answerable=lambda case, claims, helps: frozenset(), forget=lambda *kept: None)
        claims = SimpleNamespace(forget=lambda kept: None)
        constants = DisputeConstants(CONSTANTS.chain_id, Address("0x" + "66" * 20), PARAMS, 7)
        policy = Policy(margin=1, patience=1, grace=1)
        hands = Hands(self, self, self, policy) if acts else None
        return Engine(bench, book, claims, chores, constants, results, hands, Pauses(1.0, 8.0), lambda: self.clock)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(engine_module, "watcher_moves", made.decide)
    return made


def test_a_move_is_sent_and_noted_once(world: World) -> None:
    world.decided = (MOVE,)
    engine = world.engine()
    for now in (510, 511, 512):
        engine.look(now)
    assert (world.submitted, world.notes) == ([MOVE.key], ["sent"])


def test_a_move_that_fails_waits_longer_and_longer(world: World) -> None:
    world.decided, world.fault = (MOVE,), AtomicError("it reverts")
    engine, tries = world.engine(), []
    for second in range(16):
        world.clock = float(second)
        before = len(world.promised)
        engine.look(510 + second)
        tries += [second] * (len(world.promised) - before)
    assert tries == [0, 1, 3, 7, 15]


def test_a_chain_that_is_away_ends_the_look(world: World) -> None:
    world.decided, world.fault = (MOVE,), ChainUnavailable("away")
    with pytest.raises(ChainUnavailable):
        world.engine().look(510)


def test_a_fault_about_one_job_keeps_nobody_from_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def decide(view: Any, *rest: Any) -> tuple[moves.Move, ...]:
        world.decisions += 1
        if world.decisions == 1:
            raise ZeroDivisionError
        return (MOVE,)

    monkeypatch.setattr(engine_module, "watcher_moves", decide)
    other = replace(world.case, record=replace(world.case.record, id=JobId(b"\x02" * 32)))
    world.others = (other,)
    engine = world.engine()
    engine.look(510)
    assert (world.decisions, world.submitted) == (2, [MOVE.key])
    engine.look(511)
    assert world.decisions == 3, "the one that failed waits"
    world.clock = 2.0
    engine.look(512)
    assert world.decisions == 5


def test_what_cannot_be_paid_is_noted_and_not_sent(world: World) -> None:
    world.decided, world.pays = (MOVE,), False
    engine = world.engine()
    engine.look(510)
    engine.look(511)
    assert (world.submitted, world.notes) == ([], ["unpaid"])


def test_a_quiet_job_rests_until_time_or_news_may_change_that(world: World) -> None:
    engine = world.engine()
    engine.look(510)
    engine.look(511)
    assert world.decisions == 1
    engine.look(537)
    assert world.decisions == 2, "the job can be final"
    world.wrongs = (Wrong(0, 0, 0, Outcome.VOID),)
    engine.look(538)
    assert world.decisions == 3, "another opinion"
    world.case = replace(world.case, lines=())
    engine.look(537)
    assert world.decisions == 4, "another record"


def test_what_claims_on_record_will_lock_is_promised(world: World) -> None:
    world.recorded, world.decided = (SEALED,), (MOVE,)
    engine = world.engine()
    engine.look(510)
    both = seal_bond(PARAMS) + line_reserve(PARAMS, 4)
    assert world.promised == [both]
    sealed = SimpleNamespace(is_open=True, sealed=SimpleNamespace(timestamp=509))
    world.seals[SEALED.claim.seal] = sealed
    engine.look(511)
    assert world.promised[-1] == line_reserve(PARAMS, 4)
    engine.look(520)
    assert world.promised[-1] == 0, "too old to be revealed"


def test_who_only_reports_decides_nothing(world: World) -> None:
    world.decided = (MOVE,)
    world.engine(acts=False).look(510)
    assert (world.decisions, world.submitted) == (0, [])
