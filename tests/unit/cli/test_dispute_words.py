"""Claims and lines in words: every state has its sentence, and nothing that is missing breaks one."""

from typing import Any

import pytest

from atomic_verify.cli.disputes import brief_claim, brief_line, claim_fields, dispute_fields, show_time

WHO, OTHER = "0x" + "aa" * 20, "0x" + "bb" * 20
UNIT = 10**18


def line(**changes: Any) -> dict[str, Any]:
    asked = {
        "number": 1,
        "asks": [{"tensor": 3, "first": 0, "count": 2}],
        "prefund": "1",
        "demanded_at": 1,
        "answer_by": 90,
        "answerer": None,
        "answered_at": None,
        "paid": None,
        "demand_by": None,
    }
    made = {
        "id": 5,
        "claim": None,
        "subject": "result",
        "item": 2,
        "opener": OTHER,
        "turn": "answerer",
        "due": 90,
        "end": None,
        "rounds": [asked],
    }
    return made | changes


def claim(**changes: Any) -> dict[str, Any]:
    made = {
        "id": 4,
        "state": "open",
        "job": "0x" + "11" * 32,
        "item": 1,
        "output": 0,
        "element": "7",
        "claimer": WHO,
        "outcome": "void",
        "trace": {"root": "0x" + "22" * 32, "digest": "33" * 32},
        "revealed_at": 10,
        "upholdable_at": 100,
        "ended_at": None,
        "bond": str(3 * UNIT),
        "cost": str(UNIT // 2),
        "charged": "0",
        "refutation": None,
    }
    return made | changes


REFUTED = {
    "refuter": OTHER,
    "why": "broken",
    "step": "3",
    "element": "9",
    "reward": str(UNIT),
    "to_worker": str(UNIT),
    "burned": str(UNIT),
}


def test_a_claim_in_one_line() -> None:
    assert brief_claim(claim()).endswith("refutable before 1970-01-01 00:01:40 UTC")
    assert brief_claim(claim(state="upheld")).endswith("item 1 is wrong (void)")
    assert f"{OTHER} refuted it (broken)" in brief_claim(claim(state="refuted", refutation=REFUTED))


def test_a_line_in_one_line() -> None:
    assert brief_line(line()) == (
        f"{OTHER} asks for the result of item 2, 1 round: the answerer has until 1970-01-01 00:01:30 UTC"
    )
    assert "the trace of claim 4, 0 rounds" in brief_line(line(claim=4, rounds=[], due=None))
    assert brief_line(line(end="left", due=None)).endswith("ended left")


def test_all_of_a_claim() -> None:
    answered = line()["rounds"][0] | {"answered_at": 50, "answerer": WHO, "paid": str(UNIT)}
    told = dict(
        claim_fields(
            claim(
                state="refuted",
                ended_at=60,
                refutation=REFUTED,
                lines=[line(claim=4), line(id=6, rounds=[answered])],
                transactions=[{"name": "refute", "gas": 123_456, "sender": OTHER, "hash": "0xabc"}],
            )
        )
    )
    assert (told["would"], told["worker"]) == ("make the item void", "unknown")
    assert told["refuted"] == f"by {OTHER}: broken at step 3, element 9"
    assert told["its bond"] == "1 tokens to the refuter, 1 tokens to the worker, 1 tokens burned"
    assert str(told["gas of refute"]).startswith("123,456 by")
    assert told["  round 1"] == f"2 leaves of tensor 3; answered by {WHO} for 1 tokens"
    assert dict(claim_fields(claim(outcome="slash")))["would"] == "slash the worker"


@pytest.mark.parametrize(
    ("job", "names"),
    [
        ({}, []),
        ({"result": None, "state": "awarded"}, []),
        ({"result": {"slashed": True, "challenger": WHO}, "state": "slashed"}, ["slashed"]),
        ({"result": {"slashed": False, "challenger": WHO}, "state": "slashed"}, ["slashed"]),
        ({"result": {"voids": [{"item": 2, "challenger": WHO, "charged": "5"}]}}, ["item 2"]),
        ({"claims": [claim()], "lines": [line()]}, ["claim 4", "line 5"]),
    ],
)
def test_what_disputes_did_to_a_job(job: dict[str, Any], names: list[str]) -> None:
    assert [name for name, _ in dispute_fields(job)] == names


def test_a_worker_is_slashed_by_conviction_or_by_strikes() -> None:
    [(_, convicted)] = dispute_fields({"result": {"slashed": True, "challenger": WHO}, "state": "slashed"})
    [(_, struck)] = dispute_fields({"result": {"slashed": False}, "state": "slashed"})
    assert WHO in str(convicted)
    assert "too many jobs with void items" in str(struck)


def test_no_time_is_no_time() -> None:
    assert show_time(None) == "no time"
