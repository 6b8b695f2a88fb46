"""What is proven and what is optimistic, in words: for every guarantee, before and after finality."""

from typing import Any

import pytest

from atomic_verify.cli.assurance import DEVELOPMENT, assurance_fields, brief_assurance

PROOF = {"by": "zk-SNARK", "circuit": "0x01", "srs": "ceremony", "verifier": "0x77", "transaction": "0xaa"}
DECISIONS = [{"item": 0, "decision": 17, "certain": True}, {"item": 1, "decision": 3, "certain": False}]


def job(guarantee: str, proven: dict[str, Any] | None, **optimistic: Any) -> dict[str, Any]:
    open_part = {"outputs": ["features", "scores"], "until": 1_700_000_000, "final": False} | optimistic
    rest = None if guarantee == "proven" else open_part
    return {"assurance": {"guarantee": guarantee, "proven": proven, "optimistic": rest}}


def words(told: dict[str, Any]) -> dict[str, object]:
    return dict(assurance_fields(told))


def test_an_optimistic_job_has_nothing_more_to_tell() -> None:
    assert assurance_fields(job("optimistic", None)) == []
    assert assurance_fields({}) == []


def test_a_hybrid_job_tells_its_decisions_and_until_when_the_rest_is_open() -> None:
    told = words(job("hybrid", PROOF | {"decisions": DECISIONS}))
    assert told["item 0"] == "decision 17 is proven, certain"
    assert told["item 1"] == "decision 3 is proven, within tolerance"
    assert told["proof"] == "zk-SNARK, checked by 0x77 in 0xaa"
    assert "warning" not in told
    assert "features, scores: can be shown to be wrong until" in str(told["optimistic"])
    assert "2023-11-14" in str(told["optimistic"])


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        ({"until": None}, "features, scores: not final"),
        ({"until": None, "final": True}, "features, scores: final, nobody showed them to be wrong"),
        ({"outputs": None, "until": None}, "outputs: not final"),
    ],
)
def test_what_became_of_the_optimistic_part(part: dict[str, Any], wanted: str) -> None:
    assert words(job("hybrid", None, **part)) == {
        "guarantee": "hybrid",
        "proven": "nothing yet",
        "optimistic": wanted,
    }


def test_a_proven_job_is_optimistic_in_nothing_and_a_development_proof_is_called_one() -> None:
    told = words(job("proven", PROOF | {"decisions": DECISIONS[:1], "srs": "development"}))
    assert told["optimistic"] == "nothing: proven in all of it"
    assert told["warning"] == DEVELOPMENT


def test_of_a_proven_job_without_a_result_nothing_is_called_proven() -> None:
    assert words(job("proven", None)) == {"guarantee": "proven", "proven": "nothing yet"}


def test_an_item_in_a_few_words() -> None:
    assert brief_assurance({}) == "optimistic"
    decision = PROOF | {"decision": 2, "certain": True, "label": "Gentoo"}
    assert brief_assurance(job("proven", decision)) == "decision 2 (Gentoo) proven, certain"
    unsure = decision | {"certain": False, "label": None}
    assert brief_assurance(job("hybrid", unsure)) == "decision 2 proven, within tolerance; the rest optimistic"
