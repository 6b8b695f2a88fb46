"""Tiny models in a folder of their own: y = operator(x) over float32[1,4], with a true manifest or one that lies."""

import hashlib
import json
from pathlib import Path
from typing import Any

from atomic_verify.models import InstalledModel
from atomic_verify.models.derivation import derive_model
from atomic_verify.models.manifest import MANIFEST_NAME
from tests.support.onnx_graphs import X, Y, make, node

CLOSE = {"accept": {"atol": 1e-5, "rtol": 2.4e-7}, "slash": {"atol": 8e-5, "rtol": 1.92e-6}}


def one_operator(operator: str) -> bytes:
    """The ONNX file."""
    return bytes(make([node(operator, ["x"], ["y"])]).SerializeToString(deterministic=True))


def pin(name: str, content: bytes) -> dict[str, Any]:
    return {"file": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def manifest_of(content: bytes, name: str = "tiny") -> dict[str, Any]:
    """A manifest without a program."""
    tensor = {"dtype": "float", "shape": [1, 4]}
    return {
        "schema_version": 1,
        "name": name,
        "version": "1.0.0",
        "title": "A tiny model",
        "licence": "MIT",
        "source": {"kind": "other", "location": "here"},
        "onnx": pin("model.onnx", content),
        "inputs": [tensor | {"name": "x"}],
        "outputs": [tensor | {"name": "y"}],
        "codec": {"name": "tensors"},
        "answer_schema": {"type": "object"},
    }


def install(folder: Path, content: bytes, lie: dict[str, Any] | None = None, **changes: Any) -> InstalledModel:
    """A disputable model in `folder`; its program is what the file gives but for `lie`."""
    text = manifest_of(content, folder.name)
    text["outputs"][0] |= CLOSE
    text["program"] = derive_model(content, X, Y).program.model_dump() | (lie or {})
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(content)
    (folder / MANIFEST_NAME).write_text(json.dumps(text | changes))
    return InstalledModel.open(folder)
