"""Writes tests/vectors/snarks.json: real proofs of this repository's circuits, and malformed ones made of them.

Forge and pytest read the file: in both, the circuits' own verifiers take the good proofs and none of the others. Proofs
are random, so each run writes others, which are as good; `--check` tells whether those in the file are of the circuits
that are there. Needs EZKL, and a minute for the head's proof. Tensors are float32 as they lie in a payload.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from py_ecc.bn128.bn128_curve import add, b, double, field_modulus, is_on_curve, neg
from py_ecc.fields import bn128_FQ as FQ

from atomic_verify.commitments import encode_item
from atomic_verify.execution.providers import ExecutionSettings, Provider
from atomic_verify.execution.runtime import load_runtime
from atomic_verify.execution.sessions import Session
from atomic_verify.models.build import build_model
from atomic_verify.models.library import InstalledModel
from atomic_verify.protocol.model_types import CriticalKind, CriticalStep
from atomic_verify.protocol.proofs import proven_of
from atomic_verify.protocol.quanta import Floats, values_of
from circuits.prover import Circuit

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "tests" / "vectors" / "snarks.json"
MODELS = {"head": "magika-hybrid", "whole": "penguins"}
ITEMS = {"head": 1, "whole": 3}
POINT = 64
WORD = 32


def main() -> int:
    """Writes the vectors, or with --check says whether the file's are of the circuits that are there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the file is stale")
    models = {kind: build_model(ROOT / "models" / name, ROOT / "build" / "models") for kind, name in MODELS.items()}
    if parser.parse_args().check:
        stale = _stale(models)
        print(f"{FILE} is not of the circuits of {', '.join(stale)}" if stale else "current")
        return 1 if stale else 0
    found = {kind: _recorded(model, ITEMS[kind]) for kind, model in models.items()}
    good = bytes.fromhex(found["whole"]["proofs"][0][2:])
    bad = list(malformed(good))
    found["malformed"] = {"what": [what for what, _ in bad], "proofs": [_hex(proof) for _, proof in bad]}
    FILE.write_text(json.dumps(found, indent=1) + "\n")
    print(f"wrote {FILE}: {len(bad)} malformed proofs")
    return 0


def _stale(models: dict[str, InstalledModel]) -> list[str]:
    found = json.loads(FILE.read_text())
    return [kind for kind, model in models.items() if found[kind]["step"] != _step(model).to_json()]


def _recorded(model: InstalledModel, count: int) -> dict[str, Any]:
    """Proofs of a model's first examples, and what they are about."""
    circuit, step = Circuit.open(model, progress=lambda line: print(line, file=sys.stderr)), _step(model)
    found: dict[str, Any] = {"model": model.name, "step": step.to_json()}
    columns: dict[str, list[Any]] = {name: [] for name in ("read", "scores", "proofs", "instances", "decisions")}
    for read in _read(model, count):
        made = circuit.prove(read)
        scores = values_of(np.array(made.outputs, dtype=np.int64), step.output_scale)
        about = proven_of(step, read, scores)
        columns["read"].append(_hex(read.astype("<f4").tobytes()))
        columns["scores"].append(_hex(scores.astype("<f4").tobytes()))
        columns["proofs"].append(_hex(made.proof))
        columns["instances"].append([str(one) for one in about.instances])
        columns["decisions"].append(str(about.decision.index | int(about.decision.is_certain) << 31))
    return found | columns


def _read(model: InstalledModel, count: int) -> Iterator[Floats]:
    """What the circuit reads of the first examples: features of a run, or the input itself."""
    session = Session(model.executable(), Provider.CPU, ExecutionSettings(threads=1), load_runtime())
    examples = sorted((ROOT / "models" / model.name / "examples").iterdir())[:count]
    for path in examples:
        inputs = model.encode(BytesIO(path.read_bytes()))
        if _step(model).kind is CriticalKind.WHOLE:
            yield next(iter(inputs.values())).reshape(-1)
            continue
        payload = encode_item(model.manifest.input_specs, inputs)
        features = model.manifest.output_specs[0]
        yield np.frombuffer(session.run_payload(1, payload).payload[: features.nbytes], dtype="<f4")


def _step(model: InstalledModel) -> CriticalStep:
    return model.manifest.spec().critical


def malformed(proof: bytes) -> Iterator[tuple[str, bytes]]:
    """A good proof with one wrong point: each of them negated, and three of them in every way that is known here."""
    places = list(points(proof))
    for place in places:
        yield f"the point at {place} negated", _with(proof, place, neg(_point(proof, place)))
    chosen = [places[0], places[len(places) // 2], places[-1]]
    for place, following in zip(chosen, [*chosen[1:], chosen[0]], strict=True):
        point = x, y = _point(proof, place)
        wrong = {
            "doubled": double(point),
            "added to another": add(point, _point(proof, following)),
            "off the curve": (x, y + FQ(1)),
            "with its coordinates swapped": (y, x),
            "infinity": (FQ(0), FQ(0)),
            "the generator": (FQ(1), FQ(2)),
        }
        for what, one in wrong.items():
            yield f"the point at {place} {what}", _with(proof, place, one)
        yield f"the point at {place} swapped with that at {following}", _swapped(proof, place, following)
        # The same point to whoever reduces it.
        yield f"the x at {place} plus the modulus", _with_word(proof, place, x.n + field_modulus)
        yield f"the y at {place} plus the modulus", _with_word(proof, place + WORD, y.n + field_modulus)


def points(proof: bytes) -> Iterator[int]:
    """Where the points of a proof begin."""
    at = 0
    while at + POINT <= len(proof):
        x, y = _words(proof, at)
        is_point = x < field_modulus and y < field_modulus and is_on_curve((FQ(x), FQ(y)), b)
        if is_point:
            yield at
        at += POINT if is_point else WORD


def _words(proof: bytes, at: int) -> tuple[int, int]:
    return int.from_bytes(proof[at : at + WORD], "big"), int.from_bytes(proof[at + WORD : at + POINT], "big")


def _point(proof: bytes, at: int) -> tuple[FQ, FQ]:
    x, y = _words(proof, at)
    return FQ(x), FQ(y)


def _with(proof: bytes, at: int, point: tuple[FQ, FQ] | None) -> bytes:
    if point is None:
        point = FQ(0), FQ(0)
    return _with_word(_with_word(proof, at, point[0].n), at + WORD, point[1].n)


def _with_word(proof: bytes, at: int, value: int) -> bytes:
    return proof[:at] + value.to_bytes(WORD, "big") + proof[at + WORD :]


def _swapped(proof: bytes, at: int, other: int) -> bytes:
    return _with(_with(proof, at, _point(proof, other)), other, _point(proof, at))


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


if __name__ == "__main__":
    sys.exit(main())
