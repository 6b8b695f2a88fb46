"""What clients are told of how far an answer can be relied on, and which guarantees they may ask for."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from atomic_verify.gateway.assurance import item_assurance, job_assurance
from atomic_verify.gateway.guarantees import critical_view, offered, require_offered
from atomic_verify.protocol.errors import TermsRefused
from atomic_verify.protocol.proofs import Decision
from atomic_verify.protocol.types import CriticalKind, CriticalStep, Guarantee, JobState, parse_address
from atomic_verify.storage.records import JobRecord, Point, ProvenRecord, ResultRecord
from tests.unit.prover.jobs import posted
from tests.unit.receipts.proven import head_case, whole_case

VERIFIER, WORKER = parse_address("0x" + "77" * 20), parse_address("0x" + "bb" * 20)
AT = Point(9, "0xb", 1_000, "0xt", 0)
DECISIONS = (Decision(1, is_certain=True), Decision(0, is_certain=False))
HEAD, WHOLE = head_case().spec, whole_case().spec
OUTPUTS = {"features": np.zeros((1, 4), np.float32), "scores": np.array([[1, 2.75, 1.5]], np.float32)}


def job(guarantee: Guarantee, state: JobState = JobState.COMMITTED, **result: Any) -> JobRecord:
    found = posted()
    proven = None if guarantee is Guarantee.OPTIMISTIC else ProvenRecord(VERIFIER, DECISIONS)
    made = replace(ResultRecord(1, WORKER, bytes(32), "ab" * 32, 5_000, AT, proven=proven), **result)
    return replace(found, rfp=replace(found.rfp, guarantee=guarantee), state=state, result=made)


def test_an_optimistic_result_is_proven_in_nothing() -> None:
    told = job_assurance(job(Guarantee.OPTIMISTIC), HEAD)
    optimistic = {"outputs": ["features", "scores"], "until": 5_000, "final": False}
    assert told == {"guarantee": "optimistic", "proven": None, "optimistic": optimistic}


def test_a_hybrid_item_has_a_proven_decision_and_optimistic_features() -> None:
    told = item_assurance(job(Guarantee.HYBRID), HEAD, 0, OUTPUTS, {"label": "text", "dl_label": "txt"})
    assert told["proven"] == {
        "by": "zk-SNARK",
        "decision": 1,
        "label": "txt",
        "certain": True,
        "lead": 1.25,
        "margin": 1.0,
        "circuit": "0x" + "01" * 32,
        "srs": "ceremony",
        "verifier": VERIFIER,
        "transaction": "0xt",
    }
    assert told["optimistic"] == {"outputs": ["features", "scores"], "until": 5_000, "final": False}
    second = item_assurance(job(Guarantee.HYBRID), HEAD, 1, OUTPUTS, {"dl_label": "undefined"})["proven"]
    assert (second["decision"], second["certain"], second["label"]) == (0, False, None)


@pytest.mark.parametrize(
    ("state", "result", "until", "final"),
    [
        (JobState.COMMITTED, {}, 5_000, False),
        (JobState.COMMITTED, {"open_claims": 1}, None, False),
        (JobState.FINAL, {}, None, True),
        (JobState.SLASHED, {}, None, False),
    ],
)
def test_what_is_optimistic_is_so_until_the_job_is_final(
    state: JobState, result: dict[str, Any], until: int | None, final: bool
) -> None:
    told = job_assurance(job(Guarantee.HYBRID, state, **result), HEAD)["optimistic"]
    assert (told["until"], told["final"]) == (until, final)


def test_a_proven_result_is_optimistic_in_nothing() -> None:
    told = job_assurance(job(Guarantee.PROVEN, JobState.FINAL), WHOLE)
    assert told["optimistic"] is None
    assert told["proven"]["decisions"] == [
        {"item": 0, "decision": 1, "certain": True},
        {"item": 1, "decision": 0, "certain": False},
    ]
    answer = {"class_index": 1, "class_label": "Gentoo"}
    item = item_assurance(job(Guarantee.PROVEN, JobState.FINAL), WHOLE, 0, OUTPUTS, answer)
    assert (item["proven"]["label"], item["optimistic"]) == ("Gentoo", None)


def test_before_the_commit_nothing_is_proven_yet() -> None:
    waiting = replace(job(Guarantee.HYBRID), state=JobState.AWARDED, result=None)
    told = job_assurance(waiting, None)
    assert told["proven"] is None
    assert told["optimistic"] == {"outputs": None, "until": None, "final": False}


def test_a_model_offers_what_its_critical_step_is_of() -> None:
    assert offered(CriticalKind.NONE) == ("optimistic",)
    assert offered(CriticalKind.HEAD) == ("optimistic", "hybrid")
    assert offered(CriticalKind.WHOLE) == ("optimistic", "proven")


def test_a_guarantee_that_is_not_offered_is_refused_with_those_that_are() -> None:
    require_offered("m", CriticalKind.NONE, Guarantee.OPTIMISTIC, 1_000)
    require_offered("m", CriticalKind.HEAD, Guarantee.HYBRID, 8)
    with pytest.raises(TermsRefused, match="it offers optimistic and hybrid") as caught:
        require_offered("m", CriticalKind.HEAD, Guarantee.PROVEN, 1)
    assert caught.value.details == {"field": "guarantee", "offered": ["optimistic", "hybrid"]}
    with pytest.raises(TermsRefused, match="at most 8 items") as caught:
        require_offered("m", CriticalKind.HEAD, Guarantee.HYBRID, 9)
    assert caught.value.details == {"field": "itemCount", "maximum": 8}


def test_a_critical_step_is_told_in_quanta_and_in_scores() -> None:
    told = critical_view(HEAD, "letters-head")
    assert told is not None
    assert (told["kind"], told["circuit"]) == ("head", {"name": "letters-head", "digest": "0x" + "01" * 32})
    assert (told["reads"], told["gives"], told["srs"]) == ("features", "scores", "ceremony")
    assert told["certain_margin"] == {"quanta": 4, "score": 1.0}
    assert critical_view(replace(HEAD, critical=CriticalStep.none()), None) is None
