"""Gas of every transaction of a dispute, each a real one on a development chain, for a small model and a real one.

A *claim* takes three: seal, reveal, and either a refutation or, once its window is over, `uphold`. What is withheld
takes a *line*: demands and answers. Gas of reveals, refutations and answers depends on the model.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from atomic_verify.canonical.program import Opcode, Program
from atomic_verify.chain.presets import development
from atomic_verify.models.build import build_model
from atomic_verify.protocol.disputes import MAX_LEAVES
from atomic_verify.protocol.types import Outcome, Run, Subject
from bench.court import CLAIMER, WORKER, Court, Dispute
from bench.figures import Figure
from bench.town import town

MODELS = ("cnn", "magika")
REVEAL, REFUTE, CLOCK = 600, 300, 300
GOAL = 1_000_000.0
"""Of a refutation, in gas: a third of what a claim's bond reckons with."""

Gas = tuple[str, int]


def measure(root: Path) -> Iterator[Figure]:
    """Every figure of disputes."""
    for name in MODELS:
        model = build_model(root / "models" / name, root / "build" / "models")
        preset = development(claim_reveal_time=REVEAL, refute_window=REFUTE, line_clock=CLOCK)
        with town(model, preset) as found, TemporaryDirectory() as folder:
            court = Court.open(found, model, folder)
            for what, gas in (*_upheld(court), *_line_on_a_trace(court), *_lines_on_results(court)):
                yield Figure("disputes", f"{name}: {what}", gas, "gas")
            for what, gas in _refuted(court):
                yield Figure("disputes", f"{name}: {what}", gas, "gas", GOAL)


def _upheld(court: Court) -> Iterator[Gas]:
    """A true claim on a fraud, to its end."""
    case = court.dispute(Outcome.SLASH)
    yield "seal", case.seal()
    yield "reveal", case.reveal()
    court.town.pass_time(REFUTE)
    yield "uphold", court.send(CLAIMER, court.calls.uphold(case.rfp, case.claim))
    court.town.pass_time(case.rfp.challenge_window + REVEAL)
    yield "finalize a slashed job", court.send(CLAIMER, court.town.chain.calls.finalize(case.rfp))


def _refuted(court: Court) -> Iterator[Gas]:
    """False claims: one that breaks where it is shown, one in the longest sum that there is."""
    program = court.meaning.program
    for what, step in (("the output's step", program.outputs[0].step), ("the longest sum", _longest_sum(program))):
        case = court.dispute(Outcome.NONE, falsified=step)
        case.seal()
        case.reveal()
        evidence = case.trace.evidence(step, case.falsified_element)
        call = court.calls.refute(case.rfp, court.spec, case.claim, evidence)
        yield f"refute at {what}", court.send(WORKER, call)


def _line_on_a_trace(court: Court) -> Iterator[Gas]:
    """A trace that has to be asked for: the least and the most that a demand can ask, and their answers."""
    case = court.dispute(Outcome.NONE, falsified=court.meaning.program.outputs[0].step)
    case.seal()
    case.reveal()
    line = 0
    for what, leaves in (("one leaf", 1), ("as many leaves as may be", MAX_LEAVES)):
        runs = (_run(court.meaning.program, leaves),)
        call = court.calls.demand_trace(case.rfp, court.spec, case.claim, runs, court.proofs(runs), line)
        yield f"demand {what} of a trace", court.send(WORKER, call)
        line = case.newest("Demanded").args["line"]
        yield f"answer with {what} of a trace", case.answer(line)
    evidence = case.trace.evidence(case.falsified_step, case.falsified_element)
    call = court.calls.refute(case.rfp, court.spec, case.claim, evidence)
    yield "refute on an own line", court.send(WORKER, call)


def _lines_on_results(court: Court) -> Iterator[Gas]:
    """A result that has to be asked for: shown, and not shown."""
    case = court.dispute(Outcome.NONE)
    yield "demand an item of a result", _demand_item(court, case)
    line = case.newest("Demanded").args["line"]
    yield "answer with an item of a result", case.answer(line)
    yield "close a line", court.send(CLAIMER, court.calls.close_line(case.rfp, line))
    case = court.dispute(Outcome.NONE)
    _demand_item(court, case)
    court.town.pass_time(CLOCK)
    call = court.calls.lapse(case.rfp, case.newest("Demanded").args["line"])
    yield "convict who doesn't answer", court.send(CLAIMER, call)


def _demand_item(court: Court, case: Dispute) -> int:
    leaves = min(MAX_LEAVES, court.model.manifest.output_specs[0].leaves)
    runs = (Run(0, 0, leaves, 0),)
    return court.send(CLAIMER, court.calls.demand_item(case.rfp, court.spec, Subject.RESULT, 0, runs))


def _longest_sum(program: Program) -> int:
    """The step whose law reads most."""
    sums = [number for number, step in enumerate(program.steps) if step.opcode in (Opcode.DOT, Opcode.SUM)]
    return max(sums, key=lambda number: program.steps[number].terms * len(program.steps[number].operands))


def _run(program: Program, leaves: int) -> Run:
    """So many leaves of the largest step tensor, or all that it has."""
    number = max(range(len(program.steps)), key=lambda number: program.steps[number].nbytes)
    return Run(number, 0, min(leaves, -(-program.steps[number].nbytes // 512)), 0)
