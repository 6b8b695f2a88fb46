"""What `atomic demo --zk` found: zk.json, the promises it keeps or breaks, and the tables that it ends with."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from atomic_verify.cli.output import console

VERIFY_GAS = {"hybrid": 1_400_000, "proven": 800_000}
"""Most gas that the verifier's call should take."""


@dataclass(frozen=True, slots=True)
class ProvenItem:
    """One item, and what its proof took."""

    name: str
    proven_label: str
    """Of the decision that the chain recorded."""
    onnxruntime_label: str
    """Of the model's plain ONNX file, run here by onnxruntime."""
    certain: bool
    verify_gas: int
    """Of the verifier's call alone."""
    prove_seconds: float
    peak_mb: int
    proof_bytes: int


@dataclass(frozen=True, slots=True)
class ProvenJob:
    """One job, from RFP to settled."""

    guarantee: str
    model: str
    job: str
    items: tuple[ProvenItem, ...]
    commit_gas: int
    """Of the whole transaction, in which all proofs were checked."""
    receipts_verified: bool
    """Each receipt against the chain, and its proof by EZKL besides."""

    def to_json(self) -> dict[str, Any]:
        """The job with its labels in order, and of every figure the largest of any item."""
        figures = ("verify_gas", "prove_seconds", "peak_mb", "proof_bytes")
        return {
            "guarantee": self.guarantee,
            "proven_labels": [one.proven_label for one in self.items],
            "onnxruntime_labels": [one.onnxruntime_label for one in self.items],
            **{name: max(getattr(one, name) for one in self.items) for name in figures},
            **asdict(self),
        }


@dataclass(frozen=True, slots=True)
class ProvenReport:
    """`seconds` from the start of the chain to the last check, without the set-up."""

    jobs: tuple[ProvenJob, ...]
    seconds: float

    def save(self, path: Path) -> None:
        content = {"jobs": [job.to_json() for job in self.jobs], "seconds": round(self.seconds, 2)}
        path.write_text(json.dumps(content, indent=2) + "\n")


def problems_of(jobs: Sequence[ProvenJob]) -> list[str]:
    """Every promise that wasn't kept."""
    found = []
    for job in jobs:
        for one in job.items:
            if one.proven_label != one.onnxruntime_label:
                found.append(f"{one.name} is proven {one.proven_label}, and {one.onnxruntime_label} by onnxruntime")
            if one.verify_gas > VERIFY_GAS[job.guarantee]:
                found.append(f"verifying the proof of {one.name} takes {one.verify_gas:,} gas")
        if not job.receipts_verified:
            found.append(f"a receipt of the {job.guarantee} job does not hold")
    return found


def show(report: ProvenReport) -> None:
    """The tables at the end."""
    out = console()
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("guarantee", "item", "proven", "onnxruntime", "certain", "gas", "seconds", "MB"):
        table.add_column(column, justify="right" if column in ("gas", "seconds", "MB") else "left")
    for job in report.jobs:
        for one in job.items:
            table.add_row(
                job.guarantee,
                escape(one.name),
                escape(one.proven_label),
                escape(one.onnxruntime_label),
                "yes" if one.certain else "within tolerance",
                f"{one.verify_gas:,}",
                f"{one.prove_seconds:.2f}",
                f"{one.peak_mb:,}",
            )
    out.print(table)
    out.print()
    for job in report.jobs:
        size = max(one.proof_bytes for one in job.items)
        out.print(f"{job.guarantee}: {len(job.items)} proofs of {size:,} bytes, one commit of {job.commit_gas:,} gas")
    out.print(f"Two jobs from RFP to settled in {report.seconds:.1f} s.")
