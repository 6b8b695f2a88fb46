"""A lying claimer: an honest watcher, but for what it says that one job's model means.

It claims that the first item of the job of its price is wrong, by an evaluation in which one element is made up. Asked
for that evaluation it serves it, or serves nothing and answers on the chain alone. Once it has the job's data it puts a
file named ready into the folder of its signs, and waits for one named claim there.

python -m tests.fraud.claimer served|withheld --config atomic.toml --price MAX_PRICE --signs FOLDER --rounds STEPS
"""

import argparse
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from atomic_verify.canonical.evaluate import Keep
from atomic_verify.canonical.traces import Trace
from atomic_verify.commitments.tensors import Array
from atomic_verify.config import Settings, load_settings
from atomic_verify.protocol.dispute_view import ClaimOpinion, Stance, Want, Wrong
from atomic_verify.protocol.types import Rfp
from atomic_verify.storage.dispute_records import ClaimRecord
from prover.watching import daemon, door, results_desk
from prover.watching.cases import Case
from prover.watching.claims_desk import ClaimsDesk
from prover.watching.gather import Evidenced
from prover.watching.meanings import Meaning
from prover.watching.reexecute import Examination, Execute, examine_item
from prover.watching.results_desk import ResultsDesk
from tests.fraud.falsify import Falsehood, false_trace, falsify

WITHHELD = "withheld"
SERVED = "served"
READY, CLAIM = "ready", "claim"
POLL_SECONDS = 0.1
FAR = 10.0
"""How many times slash the falsified output is moved at least."""


class FalseMeaning:
    """Evaluates with one element made up, the same for the same item."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._known: dict[bytes, Falsehood] = {}

    def evaluate(self, meaning: Meaning, inputs: Mapping[str, Array]) -> Trace:
        key = b"".join(array.tobytes() for array in inputs.values())
        if key not in self._known:
            slash = meaning.manifest.outputs[0].slash
            far = FAR * (slash.atol + slash.rtol)
            self._known[key] = falsify(meaning.program, inputs, steps=self._steps, far=far)
        return false_trace(meaning.program, inputs, self._known[key])


@dataclass(frozen=True, slots=True)
class Signs:
    """A folder in which files tell what may begin."""

    folder: Path

    def wait(self) -> None:
        """Says that the claimer is ready, and waits for its time."""
        (self.folder / READY).touch()
        while not (self.folder / CLAIM).exists():
            time.sleep(POLL_SECONDS)


def run(settings: Settings, max_price: int, steps: int, signs: Signs, *, withholds: bool) -> None:
    """Runs the claimer until SIGTERM."""
    false, honest_opinion = FalseMeaning(steps), ResultsDesk.opinion

    def evaluate(meaning: Meaning, inputs: Mapping[str, Array], keep: Keep | Iterable[int] = Keep.OUTPUTS) -> Trace:
        return false.evaluate(meaning, inputs)

    def examined(rfp: Rfp, data: Evidenced, meaning: Meaning, execute: Execute) -> Examination:
        """The first item is wrong, by the false meaning."""
        wrong = examine_item(0, data, meaning)
        signs.wait()
        return Examination(rfp.item_count, 1, () if wrong is None else (wrong,), 0.0)

    def of_result(desk: ResultsDesk, case: Case) -> tuple[tuple[Wrong, ...], tuple[Want, ...]]:
        """Nothing is thought of other jobs."""
        return honest_opinion(desk, case) if case.record.rfp.max_price == max_price else ((), ())

    def of_claim(desk: ClaimsDesk, case: Case, claim: ClaimRecord) -> ClaimOpinion:
        """Its own claim is true; what others claim is none of its business."""
        is_own = claim.claimer == desk._bench.account
        return ClaimOpinion(Stance.TRUE if is_own else Stance.UNKNOWN)

    with ExitStack() as stack:
        for target, name, lie in (
            (Meaning, "evaluate", evaluate),
            (results_desk, "reexecute", examined),
            (ResultsDesk, "opinion", of_result),
            (ClaimsDesk, "opinion", of_claim),
        ):
            stack.enter_context(patch.object(target, name, lie))
        if withholds:
            stack.enter_context(patch.object(door, "add_blobs", lambda *_: None))
        daemon.run(settings)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("trace", choices=[SERVED, WITHHELD])
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--price", type=int, required=True)
    parser.add_argument("--signs", type=Path, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    given = parser.parse_args()
    settings = load_settings(given.config, watcher={"defend": True, "sandbox": "never", "poll_seconds": 0.5})
    run(settings, given.price, given.rounds, Signs(given.signs), withholds=given.trace == WITHHELD)


if __name__ == "__main__":
    main()
