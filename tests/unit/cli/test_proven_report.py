"""What `atomic demo --zk` writes, and what makes it fail."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from atomic_verify.cli.demo.proven_report import ProvenItem, ProvenJob, ProvenReport, problems_of

ITEMS = (
    ProvenItem("a.md", "markdown", "markdown", True, 1_000_000, 6.1, 690, 3072),
    ProvenItem("b.c", "c", "c", False, 1_000_001, 5.9, 700, 3072),
)
JOB = ProvenJob("hybrid", "magika-hybrid", "0x12", ITEMS, 4_600_000, receipts_verified=True)


def test_the_file_has_labels_in_order_and_the_largest_figures(tmp_path: Path) -> None:
    ProvenReport((JOB,), 44.4).save(tmp_path / "zk.json")
    (job,) = json.loads((tmp_path / "zk.json").read_text())["jobs"]
    assert job["guarantee"] == "hybrid"
    assert job["proven_labels"] == job["onnxruntime_labels"] == ["markdown", "c"]
    figures = {name: job[name] for name in ("verify_gas", "prove_seconds", "peak_mb", "proof_bytes")}
    assert figures == {"verify_gas": 1_000_001, "prove_seconds": 6.1, "peak_mb": 700, "proof_bytes": 3072}
    assert [one["certain"] for one in job["items"]] == [True, False]


def test_a_kept_promise_is_no_problem() -> None:
    assert problems_of([JOB]) == []


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (replace(JOB, items=(replace(ITEMS[0], proven_label="html"),)), "html, and markdown"),
        (replace(JOB, receipts_verified=False), "receipt"),
        (replace(JOB, items=(replace(ITEMS[0], verify_gas=1_400_001),)), "1,400,001 gas"),
        (replace(JOB, guarantee="proven", items=(replace(ITEMS[0], verify_gas=800_001),)), "800,001 gas"),
    ],
)
def test_each_broken_promise_is_told(job: ProvenJob, words: str) -> None:
    (problem,) = problems_of([job])
    assert words in problem
