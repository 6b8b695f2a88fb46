"""The Makefile's commands are listed by `make help`, and CI runs the one that tests everything."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROMISED = {
    "setup", "check", "test", "soak", "demo", "demo-fraud", "demo-zk", "bench", "check-gpu", "lock", "fmt", "snapshot",
    "clean", "help",
}  # fmt: skip


def test_help_lists_every_promised_command() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = {line.split()[0] for line in listed.splitlines() if line.strip() and not line.startswith("make")}
    assert PROMISED - names == set()


def test_every_command_is_phony() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = set(" ".join(re.findall(r"^\.PHONY:(.*)$", text, re.MULTILINE)).split())
    assert PROMISED - phony == set()


def test_ci_runs_the_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert re.search(r"^(exec )?make test$", script.read_text(), re.MULTILINE)
