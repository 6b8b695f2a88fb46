"""Write a convolutional network of fixed pseudo-random weights: a load for benchmarks and tests, good for nothing else.

Shape: image float32[1,3,128,128] -> six 3x3 convolutions of 64 channels with ReLU, pooled once -> features
float32[1,16]. It takes well over 10 ms per item on a processor of two cores. The weights are small integers over a
power of two, scaled so that activations neither grow nor vanish, so the file is the same everywhere and manifest.json
can pin it.

    python models/convnet/build.py OUT
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SEED = 7
SIDE, CHANNELS, LAYERS, FEATURES = 128, 64, 6, 16
OPSET, IR_VERSION = 17, 8


def weight(random: np.random.Generator, shape: tuple[int, ...]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    """Multiples of 1/64 times a power of two, of a variance that ReLU layers keep."""
    fan_in = int(np.prod(shape[1:]))
    grid = random.integers(-64, 65, shape) / 64
    return (grid * 2.0 ** np.round(np.log2(np.sqrt(6 / fan_in)))).astype(np.float32)


def graph() -> onnx.ModelProto:
    random = np.random.default_rng(SEED)
    nodes, weights, last, channels = [], [], "image", 3
    for layer in range(LAYERS):
        weights.append(numpy_helper.from_array(weight(random, (CHANNELS, channels, 3, 3)), f"weight{layer}"))
        nodes.append(helper.make_node("Conv", [last, f"weight{layer}"], [f"conv{layer}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"conv{layer}"], [f"active{layer}"]))
        last, channels = f"active{layer}", CHANNELS
    nodes.append(helper.make_node("GlobalAveragePool", [last], ["pooled"]))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["flat"], axis=1))
    weights.append(numpy_helper.from_array(weight(random, (FEATURES, CHANNELS)), "head"))
    nodes.append(helper.make_node("Gemm", ["flat", "head"], ["features"], transB=1))
    body = helper.make_graph(
        nodes,
        "convnet",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["items", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["items", FEATURES])],
        weights,
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    model.producer_name = model.producer_version = ""
    onnx.checker.check_model(model, full_check=True)
    return model


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.onnx").write_bytes(graph().SerializeToString(deterministic=True))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
