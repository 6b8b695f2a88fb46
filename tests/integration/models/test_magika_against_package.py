"""Our reading of files and of the model's scores against the real magika package, run in an environment of its own."""

import importlib.util
import json
import random
import subprocess
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from atomic_verify.commitments import Batch, encode_item
from atomic_verify.execution.providers import ExecutionSettings, Provider
from atomic_verify.execution.runtime import load_runtime
from atomic_verify.execution.sessions import Session
from atomic_verify.models import InstalledModel
from atomic_verify.models.pinned import read_pinned

ROOT = Path(__file__).resolve().parents[3]
MAGIKA = ROOT / "models" / "magika"
SCORE_DRIFT = 1e-3
"""The package brings an onnxruntime of its own, perhaps of another version; scores of real files move less."""
FLOAT32_DRIFT = 5e-2
"""How far the package, in float32 throughout, lies from what the model means on odd files; workers run the hardened
graph."""

VARIED = 120
LARGEST = 64 * 2**20


@pytest.fixture(scope="session")
def reference_python() -> Path:
    """The Python of the package's own environment; made once, in a minute, and kept in build/."""
    spec = importlib.util.spec_from_file_location("reference_env", MAGIKA / "reference_env.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    python: Path = module.ensure()
    return python


def reference(python: Path, files: list[Path]) -> list[dict[str, Any]]:
    command = [str(python), str(MAGIKA / "reference.py"), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


class Ours:
    """What a job on this file would answer: encode, commit, run, commit, answer from the committed tensors alone."""

    def __init__(self, model: InstalledModel) -> None:
        self.model = model
        graph, pin = read_pinned(model.directory, model.manifest.onnx), model.manifest.onnx
        hardened = model.executable()
        plain = replace(hardened, graph=graph, graph_sha256=pin.sha256)
        runtime = load_runtime()
        self.hardened = Session(hardened, Provider.CPU, ExecutionSettings(), runtime)
        self.plain = Session(plain, Provider.CPU, ExecutionSettings(), runtime)

    def answer(self, path: Path, session: Session) -> dict[str, Any]:
        specs = self.model.manifest.input_specs
        with path.open("rb") as stream:
            batch = Batch.from_payload(specs, 1, encode_item(specs, self.model.encode(stream)))
        return self.model.answer(batch.item(0), session.run(batch).commit().item(0))


@pytest.fixture(scope="session")
def ours(magika: InstalledModel) -> Ours:
    return Ours(magika)


def require_equal(ours: Ours, python: Path, files: list[Path]) -> list[dict[str, Any]]:
    answers = reference(python, files)
    for path, theirs in zip(files, answers, strict=True):
        for session, drift in ((ours.plain, SCORE_DRIFT), (ours.hardened, FLOAT32_DRIFT)):
            mine, wanted = ours.answer(path, session), {key: value for key, value in theirs.items() if key != "path"}
            assert mine.pop("score") == pytest.approx(wanted.pop("score"), abs=drift), path
            assert mine == wanted, path
    return answers


def varied_files() -> list[Path]:
    """Files of as many kinds as the repository and its environment hold, the same ones on the same machine."""
    names = ("atomic_verify", "contracts", "docs", "models", "tests", ".venv", "node_modules")
    by_kind: dict[str, list[Path]] = defaultdict(list)
    for name in names:
        for path in (ROOT / name).rglob("*"):
            if path.is_file() and path.stat().st_size <= LARGEST:
                by_kind[path.suffix].append(path)
    chosen = [sorted(paths)[len(paths) // 2] for _, paths in sorted(by_kind.items())]
    random.Random(1).shuffle(chosen)
    return chosen[:VARIED]


def test_varied_real_files(ours: Ours, reference_python: Path) -> None:
    files = varied_files()
    assert len(files) >= 60
    answers = require_equal(ours, reference_python, files)
    assert len({answer["label"] for answer in answers}) >= 15


def odd_contents() -> dict[str, bytes]:
    """Contents at every edge of the rules: sizes around 0, 8, 1024 and 4096, white space, broken UTF-8."""
    dice = random.Random(2)
    text = "aé€𝄞 b".encode()
    odd = {
        "huge": dice.randbytes(2**20) * 24,
        "huge-text": b"x = 1\n" * 2**20,
        "white-block-then-code": b" " * 5000 + b"print(1)\n" * 200,
        "white-block-then-binary": b" " * 4089 + b"\xff\xfe" + b"a" * 9000,
        "cut-in-a-character": b" " * 4095 + "é".encode() + b"x" * 3000,
        "six-after-white-space": b" " * 4090 + text * 50,
        "vertical-tabs": b"\x0b\x0c\r\n" * 3,
        "not-stripped": b"\xa0\x85\x1c" * 8,
        "zeros": bytes(100),
        "trailing-space": b"hello" + b" " * 100,
        "word-and-space": b"a       ",
        "space-and-word": b"      a",
    }
    for size in range(10):
        odd |= {
            f"letters-{size}": b"abcdefghij"[:size],
            f"random-{size}": dice.randbytes(size),
            f"spaces-{size}": b" " * size,
            f"text-{size}": text[:size],
            f"around-1024-{size}": dice.randbytes(1020 + size),
            f"around-4096-{size}": (b"x = 1\n" * 700)[: 4092 + size],
            f"padded-{size}": b"\n" * 30 + b"abcdefghij"[:size] + b"\n" * 3,
        }
    return odd


def test_odd_files(ours: Ours, reference_python: Path, tmp_path: Path) -> None:
    files = []
    for name, content in odd_contents().items():
        path = tmp_path / name
        path.write_bytes(content)
        files.append(path)
    answers = require_equal(ours, reference_python, files)
    assert {"empty", "txt", "unknown"} <= {answer["label"] for answer in answers}
