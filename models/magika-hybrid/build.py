"""Cut magika so that the decision head can be proven: outputs are the features before it and the scores behind it.

Takes the same ONNX file as models/magika, out of the same wheel. `model.onnx` gives features (float32[1,512], after the
last layer norm) and scores (float32[1,214], logits); `network.onnx` is the head alone, from features to scores, of
which the circuit is made. What is left out is the softmax behind the scores, which the codec computes.

    python models/magika-hybrid/build.py OUT
    python models/magika-hybrid/build.py OUT --calibration calibration.npy    # the features of real files
"""

import argparse
import io
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto
from onnx.helper import make_tensor_value_info

from atomic_verify.commitments import DType, Signature, TensorSpec
from atomic_verify.models.codecs.magika import CONFIG_TABLE, TYPES_TABLE, MagikaCodec
from atomic_verify.models.critical.copying import copy_circuit
from atomic_verify.models.critical.cutting import critical_part, cut, model_bytes, renamed
from atomic_verify.models.wheels import downloaded, members

HERE = Path(__file__).resolve().parent
CIRCUIT = HERE.parents[1] / "circuits" / "magika-head"
EXAMPLES = (HERE.parent / "magika" / "examples", HERE / "examples")

MODEL = "magika/models/standard_v3_3/model.onnx"
TABLES = {
    CONFIG_TABLE: "magika/models/standard_v3_3/config.min.json",
    TYPES_TABLE: "magika/config/content_types_kb.min.json",
}
LAYERS = "jax2tf_get_logits_/pjit_get_logits_/MagikaV2"
NAMES = {f"{LAYERS}/LayerNorm_1/AddV2_1:0": "features", f"{LAYERS}/Dense_1/AddV2:0": "scores"}
TOKENS = 2048
INPUTS = Signature((TensorSpec("bytes", DType.INT32, (1, TOKENS)),))
OUTPUTS = Signature((TensorSpec("features", DType.FLOAT, (1, 512)), TensorSpec("scores", DType.FLOAT, (1, 214))))


def models(whole: ModelProto) -> tuple[ModelProto, ModelProto]:
    """The model with features and scores as its outputs, and the head alone."""
    whole = renamed(whole, NAMES)
    # The model leaves the number of items open; a circuit has one item.
    tokens = make_tensor_value_info("bytes", TensorProto.INT32, ["items", TOKENS])
    ends = [make_tensor_value_info(spec.name, TensorProto.FLOAT, ["items", spec.elements]) for spec in OUTPUTS.specs]
    return cut(whole, [tokens], ends), critical_part(whole, INPUTS, OUTPUTS)


def calibration(model: bytes, files: list[bytes], tables: dict[str, bytes]) -> NDArray[np.float32]:
    """Features of files, float32[files,512], as onnxruntime computes them."""
    codec = MagikaCodec({}, tables, INPUTS, Signature(OUTPUTS.specs[1:]))
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    rows: list[NDArray[np.float32]] = [session.run(["features"], codec.encode(io.BytesIO(one)))[0] for one in files]
    return np.concatenate(rows)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--calibration", type=Path, help="write the features of real files to this .npy file")
    options = parser.parse_args(arguments)
    with downloaded(HERE / "requirements.txt") as wheel:
        found, archive = members(wheel), wheel.read_bytes()
    model, network = (model_bytes(one) for one in models(onnx.load_model_from_string(found[MODEL])))
    tables = {name: found[member] for name, member in TABLES.items()}
    options.out.mkdir(parents=True, exist_ok=True)
    for name, content in {"model.onnx": model, "network.onnx": network, **tables}.items():
        (options.out / name).write_bytes(content)
    copy_circuit(CIRCUIT, options.out)
    if options.calibration:
        # Files that are the same on every machine: those in the wheel, the wheel itself, and the examples.
        examples = [path.read_bytes() for folder in EXAMPLES for path in sorted(folder.iterdir())]
        np.save(options.calibration, calibration(model, [*found.values(), archive, *examples], tables))


if __name__ == "__main__":
    main(sys.argv[1:])
