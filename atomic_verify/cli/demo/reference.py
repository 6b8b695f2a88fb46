"""What the real magika package answers, for comparison only: it runs in an environment of its own.

That package requires onnxruntime, which excludes onnxruntime-gpu; so it is never installed beside Atomic.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from atomic_verify.cli.errors import DemoFailed

MODEL: Final = Path("models/magika")
SET_UP_SECONDS: Final = 600
ANSWER_SECONDS: Final = 120


def prepare(root: Path) -> Path:
    """The Python of the environment with the real package, made if it isn't there. Raises DemoFailed."""
    return Path(_run([sys.executable, str(root / MODEL / "reference_env.py")], root, SET_UP_SECONDS).splitlines()[-1])


def labels_of(python: Path, root: Path, files: Sequence[Path]) -> dict[str, str]:
    """The real package's label of each file. Raises DemoFailed."""
    command = [str(python), str(root / MODEL / "reference.py"), *map(str, files)]
    try:
        return {one["path"]: one["label"] for one in json.loads(_run(command, root, ANSWER_SECONDS))}
    except (ValueError, KeyError, TypeError) as error:
        raise DemoFailed("What the real magika package answered can't be read.") from error


def _run(command: Sequence[str], root: Path, seconds: float) -> str:
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    environment.pop("PYTHONPATH", None)
    try:
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, timeout=seconds, check=True
        )
    except subprocess.CalledProcessError as error:
        raise DemoFailed(f"{command[1]} failed.", output=error.stderr[-2000:], hint=error.stderr[-300:]) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DemoFailed(f"{command[1]} couldn't be run: {error}") from error
    return done.stdout
