"""The demo: all that it promises holds, and nothing that it started outlives it, however it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from atomic_verify.receipts import load_receipt, verify_offline

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240.0


def start(out: Path) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ATOMIC_")}
    return subprocess.Popen(
        [sys.executable, "-m", "atomic_verify.cli", "demo", "--out", str(out)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def of_this_demo(out: Path) -> list[psutil.Process]:
    """All processes that were told of this demo's folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and str(out) in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_the_demo_keeps_its_promises(tmp_path: Path) -> None:
    demo = start(tmp_path)
    shown, _ = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0, shown[-6000:]
    assert of_this_demo(tmp_path) == []
    assert "All of it holds." in shown

    report = json.loads((tmp_path / "demo.json").read_text())
    items = report["items"]
    assert len(items) >= 20
    assert len({Path(item["path"]).suffix for item in items}) >= 8
    assert len({item["label"] for item in items}) >= 8
    assert all((ROOT / item["path"]).is_file() for item in items)
    assert all(item["receipt_verified"] is True and 0 <= item["score"] <= 1.001 for item in items)
    for item in items:
        assert item["path"] in shown
        verify_offline(load_receipt(ROOT / item["receipt"]))
    assert {one["name"] for one in report["transactions"]} >= {
        "Market.post", "Market.bid", "Market.reveal", "Market.award", "Market.reassign", "Results.commit",
        "Results.finalize", "Market.withdraw", "Market.stake", "Registry.announce", "Models.publish", "deploy Market",
    }  # fmt: skip
    assert all(one["gas"] > 21_000 for one in report["transactions"])
    assert report["price_paid"] > 0
    moved = report["reassigned"]
    assert moved["from"] != moved["to"]
    assert report["winner"] in (moved["from"], moved["to"])
    assert moved["job"] in shown


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_an_ended_demo_leaves_no_process(tmp_path: Path, ending: signal.Signals) -> None:
    demo = start(tmp_path)
    started: list[psutil.Process] = []
    try:
        deadline = time.monotonic() + PATIENCE
        # The chain, a gateway, two workers, and the children in which the workers' models run.
        while len(started) < 6:
            assert demo.poll() is None, demo.communicate()[0]
            assert time.monotonic() < deadline, started
            started = psutil.Process(demo.pid).children(recursive=True)
            time.sleep(0.1)
        demo.send_signal(ending)
        demo.communicate(timeout=60)
        assert demo.returncode != 0
        assert psutil.wait_procs(started, timeout=20)[1] == []
        assert not (tmp_path / "demo.json").exists()
    finally:
        demo.kill()
        demo.communicate()
        for process in [one for one in started if one.is_running()]:
            process.kill()
