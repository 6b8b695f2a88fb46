"""`make demo-zk`: a hybrid and a proven job with real proofs, from RFP to settled, and nothing left running."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from atomic_verify.receipts import load_receipt, verify_offline
from circuits.runner import is_available

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 600.0


@pytest.mark.skipif(not is_available(), reason="EZKL isn't installed: it is an extra")
def test_both_jobs_are_proven_and_settled(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ATOMIC_")}
    command = [sys.executable, "-m", "atomic_verify.cli", "demo", "--zk", "--out", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    assert "All of it holds." in done.stdout

    hybrid, proven = json.loads((tmp_path / "zk.json").read_text())["jobs"]
    assert (hybrid["guarantee"], len(hybrid["items"])) == ("hybrid", 3)
    assert (proven["guarantee"], len(proven["items"])) == ("proven", 5)
    for job in (hybrid, proven):
        assert job["proven_labels"] == job["onnxruntime_labels"]
        assert len(set(job["proven_labels"])) == 3, "the items differ"
        assert job["receipts_verified"] is True
        assert job["prove_seconds"] > 0
        assert 0 < job["peak_mb"] <= 8_000
    assert 1_000 < proven["proof_bytes"] < hybrid["proof_bytes"]
    assert 0 < proven["verify_gas"] <= 800_000 < hybrid["verify_gas"] <= 1_400_000
    receipts = sorted((tmp_path / "zk" / "receipts").iterdir())
    assert len(receipts) == 8
    for file in receipts:
        verify_offline(load_receipt(file))
