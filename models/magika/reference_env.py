"""Make an environment with the real magika package, for comparison only, and print its Python.

    python models/magika/reference_env.py [FOLDER]

FOLDER is build/reference/magika by default. It is made once; a marker file, written last, says that it is whole.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "reference-requirements.txt"
DEFAULT_FOLDER = HERE.parents[1] / "build" / "reference" / "magika"


def ensure(folder: Path = DEFAULT_FOLDER) -> Path:
    """The environment's Python. Installs into a folder of this process's own and renames it, so two runs don't meet."""
    python = folder / "bin" / "python"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    marker = folder / "complete"
    if marker.is_file() and marker.read_text() == wanted:
        return python
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = folder.parent / f".{folder.name}-{os.getpid()}"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        venv.create(scratch, with_pip=True, symlinks=True)
        command = [str(scratch / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, "--requirement", str(REQUIREMENTS)], check=True, stdout=sys.stderr)
        (scratch / "complete").write_text(wanted)
        shutil.rmtree(folder, ignore_errors=True)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return python


if __name__ == "__main__":
    print(ensure(Path(sys.argv[1]).resolve()) if len(sys.argv) > 1 else ensure())
