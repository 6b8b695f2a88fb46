"""Who may import whom, and that importing does nothing.

The rules themselves stand in pyproject.toml, [tool.importlinter]; here they are run, and shown to be complete.
"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("atomic_verify", "prover", "circuits")
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "ORT_DISABLE_TELEMETRY": "1"}

# Runs in a fresh interpreter: imports everything and tells what that left behind. An act counts as ours if our own code
# is nearer to it than any library's.
IMPORT_ALL = """
import importlib, json, os, sys, threading
ACTS = ("socket.connect", "socket.bind", "subprocess.Popen", "os.mkdir", "os.remove", "sqlite3.connect")
did = []
def note(event, arguments):
    frame = sys._getframe(1) if event in ACTS else None
    while frame and "site-packages" not in frame.f_code.co_filename:
        if any(f"/{ours}/" in frame.f_code.co_filename for ours in ("atomic_verify", "prover", "circuits")):
            did.append(f"{event} {arguments} in {frame.f_code.co_filename}")
            return
        frame = frame.f_back
sys.addaudithook(note)
before = set(os.listdir("."))
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps({
    "threads": threading.active_count(), "new": sorted(set(os.listdir(".")) - before), "did": did,
    "loaded": sorted(name for name in sys.modules if "." not in name),
}))
"""


def modules() -> list[str]:
    """Every module of the packages, but what runs as a program (`__main__`) or under Alembic (`migrations`)."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "migrations" not in parts and parts[-1] != "__main__":
                found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def imported(names: list[str], folder: Path) -> dict[str, Any]:
    # -B: in a new clone Python itself would write bytecode at each import.
    command = [sys.executable, "-B", "-W", "error", "-c", IMPORT_ALL, *names]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1, f"an import prints: {done.stdout}"
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_the_import_rules_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_package_has_its_layer() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    named = {part.strip() for layer in settings["contracts"][0]["layers"] for part in layer.split("|")}
    standing = {name for name in modules() if name.count(".") == 1 and name.startswith("atomic_verify.")} | {
        "prover",
        "circuits",
    }
    assert standing - named == set(), "give the new package a layer in pyproject.toml"
    assert named - standing == set(), "a layer without a package"


def test_importing_does_nothing(tmp_path: Path) -> None:
    result = imported(modules(), tmp_path)
    assert result["threads"] == 1
    assert result["new"] == []
    assert result["did"] == []


@pytest.mark.parametrize("name", ["atomic_verify", "atomic_verify.errors", "atomic_verify.commitments"])
def test_the_base_is_light(name: str, tmp_path: Path) -> None:
    heavy = {"onnx", "onnxruntime", "fastapi", "sqlalchemy", "pydantic", "eth_account", "torch", "ezkl"}
    assert heavy & set(imported([name], tmp_path)["loaded"]) == set()
