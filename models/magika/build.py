"""Fetch magika's ONNX file and label tables out of the package's wheel.

The package itself isn't installed: it requires onnxruntime, which excludes onnxruntime-gpu. pip checks the wheel
against the digest in requirements.txt; whoever runs this script checks each file against manifest.json.

    python models/magika/build.py OUT
"""

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def download(folder: Path) -> Path:
    """The wheel, hash-checked by pip. `--platform any` picks the one that is the same for every machine."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary=:all:", "--platform", "any", "--dest", str(folder)]
    subprocess.run([*command, "--requirement", str(HERE / "requirements.txt")], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def main(out: Path) -> None:
    manifest = json.loads((HERE / "manifest.json").read_text())
    pins = [manifest["onnx"], *manifest["codec"]["tables"]]
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(download(Path(folder))) as wheel:
        for pin in pins:
            member = wheel.getinfo(manifest["source"]["members"][pin["file"]])
            if member.file_size != pin["bytes"]:
                sys.exit(f"{member.filename} has {member.file_size} bytes, the manifest says {pin['bytes']}")
            (out / pin["file"]).write_bytes(wheel.read(member))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
