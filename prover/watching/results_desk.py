"""Opinions of results: fetched and re-executed in the background, and on record once they are known.

Life cycle: challenge window. A result that was examined isn't examined again after a restart. One whose data can't be
fetched is tried again and again; in the meantime it counts as withheld, and some of its items are asked for.
"""

import hashlib
import time
from dataclasses import replace
from typing import Any

from atomic_verify.commitments import Digest
from atomic_verify.errors import AtomicError
from atomic_verify.protocol.dispute_view import Want, Wrong
from atomic_verify.protocol.primitives import JobId, to_hex
from atomic_verify.protocol.types import Outcome, Subject
from atomic_verify.storage.decisions import Decision
from prover.background import Background, TaskState
from prover.watching.cases import Case
from prover.watching.gather import Evidenced
from prover.watching.reexecute import Examination, examine_item, reexecute
from prover.watching.workbench import Workbench, result_of

KIND = "examine"
AGREES, WRONG, WITHHELD, SKIPPED = "agrees", "wrong", "withheld", "skipped"
FETCHES_AT_ONCE = 8
"""Slow servers hold a fetch up for as long as its time lasts."""
HELD_AT_ONCE = 4
"""Results whose data is in memory at the same time."""
ITEMS_ASKED = 8
"""Items of a withheld result that are asked for."""

Key = tuple[JobId, Digest]
"""A job and its result's root: another after a re-org."""


class ResultsDesk:
    """Made and asked by one thread; it works in others."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._fetches: Background[Key, Evidenced] = Background("gather", FETCHES_AT_ONCE, on_end=bench.wake)
        self._runs: Background[Key, Examination] = Background("examine", 1, on_end=bench.wake)
        self._shown: Background[tuple[Key, int], tuple[Wrong, ...]] = Background("shown", 2, on_end=bench.wake)
        self._known: dict[Key, Examination | None] = {}
        self._noted: dict[Key, tuple[str, str]] = {}
        self._told: dict[tuple[Key, str], int] = {}

    def opinion(self, case: Case) -> tuple[tuple[Wrong, ...], tuple[Want, ...]]:
        """The items that are wrong, and what must be demanded on the chain; starts what has to be found out first."""
        found = self.examination(case)
        if found is not None:
            return found.findings, ()
        key = _key(case)
        if not self._bench.meanings.knows(case.record.rfp.model_id):
            self._note(case, SKIPPED, "model-not-installed")
            return (), ()
        if self._fetches.failures(key) >= self._bench.tries:
            return self._withheld_opinion(case, key)
        return (), ()

    def examination(self, case: Case) -> Examination | None:
        """What re-executing the result showed; None as long as that isn't known."""
        key = _key(case)
        if self._known.get(key) is None:
            known = self._runs.result(key) or (self._recalled(case) if key not in self._known else None)
            self._known[key] = known
            if known is None and self._bench.meanings.knows(case.record.rfp.model_id):
                self._go_on(case, key)
        return self._known[key]

    def is_withheld(self, case: Case) -> bool:
        """Whether the result's data can't be fetched at the moment."""
        return self._known.get(_key(case)) is None and self._fetches.failures(_key(case)) >= self._bench.tries

    def forget(self, jobs: set[JobId]) -> None:
        """Drops what is kept in memory of all jobs but these."""
        self._told = {told: count for told, count in self._told.items() if told[0][0] in jobs}
        for key in {*self._known, *self._fetches.keys(), *self._runs.keys()}:
            if key[0] not in jobs:
                self._known.pop(key, None)
                self._noted.pop(key, None)
                self._fetches.forget(key)
                self._runs.forget(key)
        for asked in [asked for asked in self._shown.keys() if asked[0][0] not in jobs]:  # noqa: SIM118
            self._shown.forget(asked)

    # The usual way

    def _go_on(self, case: Case, key: Key) -> None:
        if self._runs.state(key) in (TaskState.RUNNING, TaskState.DONE):
            return
        data = self._fetches.result(key)
        if data is not None:
            self._runs.start(key, lambda: self._examine(case, key, data))
            self._tell_failure(case, "examine", self._runs)
            return
        held = sum(self._fetches.state(one) is TaskState.DONE for one in list(self._fetches.keys()))
        if held < HELD_AT_ONCE:
            self._fetches.start(key, lambda: self._bench.whole(case))
        self._tell_failure(case, "gather", self._fetches)

    def _examine(self, case: Case, key: Key, data: Evidenced) -> Examination:
        """In a thread of its own: re-executes, and puts what was found on record."""
        bench, rfp = self._bench, case.record.rfp
        meaning = bench.meaning(case)
        digest = hashlib.sha256(data.inputs.payload).hexdigest()

        def execute(payload: bytes, items: int) -> bytes:
            return bench.execute(rfp.model_id, payload, items, digest)

        began = time.perf_counter()
        found = reexecute(rfp, data, meaning, execute)
        bench.metrics.examine_seconds.observe(time.perf_counter() - began)
        bench.checkpoint("examined")
        outcome = AGREES if found.outcome is Outcome.NONE else WRONG
        self._record(case, outcome, found.outcome.name.lower(), found)
        self._fetches.forget(key)
        bench.metrics.items.inc(found.items)
        bench.metrics.evaluated.inc(found.evaluated)
        for wrong in found.findings:
            bench.metrics.wrong_items.labels(wrong.outcome.name.lower()).inc()
        return found

    # Withheld data

    def _withheld_opinion(self, case: Case, key: Key) -> tuple[tuple[Wrong, ...], tuple[Want, ...]]:
        """What answers on the chain showed, and what to ask next."""
        wrongs: list[Wrong] = []
        wants: list[Want] = []
        for item in self._items_to_ask(case, key):
            missing = self._wants(case, item)
            wants.extend(missing)
            if not missing:
                asked = (key, item)
                self._shown.start(asked, lambda item=item: self._examine_shown(case, item))  # type: ignore[misc]
                wrongs.extend(self._shown.result(asked) or ())
        return tuple(wrongs), tuple(wants)

    def _items_to_ask(self, case: Case, key: Key) -> list[int]:
        """Which items are asked for, in order: what the worker can't foresee, and what a restart chooses again."""
        count = case.record.rfp.item_count
        own = [line.item for line in case.lines if line.opener == self._bench.account and line.claim is None]
        drawn = [
            int.from_bytes(hashlib.sha256(f"{self._bench.seed}:{number}".encode() + key[0]).digest()[:8], "big") % count
            for number in range(ITEMS_ASKED)
        ]
        return list(dict.fromkeys((*own, *drawn)))[:ITEMS_ASKED]

    def _wants(self, case: Case, item: int) -> tuple[Want, ...]:
        """Leaves of the item that are neither served nor shown: of its outputs first, which the worker committed."""
        found = []
        for subject in (Subject.RESULT, Subject.INPUT):
            runs = () if self._is_stored(case, subject) else self._bench.shown(case, subject, item).missing()
            if runs:
                found.append(Want(subject, item, tuple(replace(run, leaves=0) for run in runs)))
        return tuple(found)

    def _is_stored(self, case: Case, subject: Subject) -> bool:
        """Whether the whole of it could be fetched: only the other half is missing then."""
        is_input = subject is Subject.INPUT
        digest = case.record.input_uri.rsplit("/", 1)[-1] if is_input else result_of(case).payload
        try:
            return self._bench.source.store.exists(digest)
        except AtomicError:
            return False

    def _examine_shown(self, case: Case, item: int) -> tuple[Wrong, ...]:
        """In a thread of its own: what the item's meaning says of what was shown."""
        found = examine_item(item, self._bench.item_data(case, item), self._bench.meaning(case))
        return () if found is None else (found,)

    # Records

    def _recalled(self, case: Case) -> Examination | None:
        """The examination that was put on record before a restart."""
        root = to_hex(result_of(case).root)
        for found in reversed(self._bench.decisions.of(case.job, KIND)):
            if found.outcome in (AGREES, WRONG) and found.details.get("root") == root:
                return Examination.from_json(found.details["examination"])
        return None

    def _record(self, case: Case, outcome: str, reason: str, found: Examination) -> None:
        bench = self._bench
        details = {"root": to_hex(result_of(case).root), "examination": found.to_json()}
        bench.decisions.add(Decision(KIND, case.job, outcome, reason, bench.clock(), details))
        bench.metrics.results.labels(outcome).inc()
        tell = bench.log.info if outcome == AGREES else bench.log.warning
        tell(
            "examined",
            job=to_hex(case.job),
            worker=result_of(case).worker,
            outcome=outcome,
            items=found.items,
            evaluated=found.evaluated,
            worst=round(found.worst, 4),
            wrong=[one.item for one in found.findings][:8],
        )

    def _note(self, case: Case, outcome: str, reason: str) -> None:
        """Records what is no examination, once."""
        bench, key = self._bench, _key(case)
        if self._noted.get(key) == (outcome, reason):
            return
        self._noted[key] = (outcome, reason)
        last = bench.decisions.last(case.job, KIND)
        if last is None or (last.outcome, last.reason) != (outcome, reason):
            bench.decisions.add(Decision(KIND, case.job, outcome, reason, bench.clock(), {}))
            bench.metrics.results.labels(outcome).inc()
            bench.log.warning("not_examined", job=to_hex(case.job), outcome=outcome, reason=reason)

    def _tell_failure(self, case: Case, what: str, tasks: "Background[Key, Any]") -> None:
        """Logs each failure of a task once; after so many the result counts as withheld, or can't be examined."""
        key = _key(case)
        error, count = tasks.failure(key), tasks.failures(key)
        if error is None or self._told.get((key, what)) == count:
            return
        self._told[key, what] = count
        bench = self._bench
        bench.metrics.failures.labels(what, error.code).inc()
        tell = bench.log.warning if count <= bench.tries else bench.log.debug
        tell(f"{what}_failed", job=to_hex(case.job), code=error.code, tries=count, reason=str(error)[:500])
        if count >= bench.tries:
            self._note(case, WITHHELD if what == "gather" else SKIPPED, error.code)


def _key(case: Case) -> Key:
    return case.job, result_of(case).root
