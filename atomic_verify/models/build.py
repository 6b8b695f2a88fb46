"""Install a model: run the build script of its folder, check what it made, and put it into the library.

Used before a worker or gateway starts. A *source folder* holds `manifest.json` and `build.py`, a script that writes the
files that the manifest pins into the folder named by its one argument, or those files themselves. An execution graph
that the script doesn't write is hardened here, which makes the same bytes every time. Only files with the pinned
digests are ever installed, and the manifest last, so a model is in the library whole or not at all.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from atomic_verify.models.check import CheckLimits
from atomic_verify.models.check.parse import parse
from atomic_verify.models.errors import ModelBuildFailed, ModelError
from atomic_verify.models.hardening import harden
from atomic_verify.models.library import InstalledModel
from atomic_verify.models.manifest import MANIFEST_NAME, Manifest
from atomic_verify.models.pinned import read_pinned

SCRIPT_NAME = "build.py"
DEFAULT_TIMEOUT = 600.0
"""Seconds; a build may have to download."""


def build_model(source: Path, models_dir: Path, *, timeout: float = DEFAULT_TIMEOUT) -> InstalledModel:
    """Install the model of folder `source` into `models_dir/<name>`; does nothing if it is there already.

    Raises ModelBuildFailed, ModelFileMissing, ManifestInvalid, ModelDigestMismatch, CodecUnknown.
    """
    manifest = Manifest.load(source / MANIFEST_NAME)
    target = models_dir / manifest.name
    if not _is_installed(manifest, target):
        models_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{manifest.name}-", dir=models_dir) as scratch:
            gather(source, manifest, Path(scratch), timeout=timeout)
            _harden(manifest, Path(scratch))
            _install(manifest, Path(scratch), target)
    return InstalledModel.open(target)


def _is_installed(manifest: Manifest, target: Path) -> bool:
    try:
        if Manifest.load(target / MANIFEST_NAME) != manifest:
            return False
        for pin in manifest.files:
            read_pinned(target, pin)
    except ModelError:
        return False
    return True


def gather(source: Path, manifest: Manifest, out: Path, *, timeout: float = DEFAULT_TIMEOUT) -> None:
    """Put the files of the model in folder `source` into `out`, and its manifest: built, or as they lie there.

    Raises ModelBuildFailed. What the manifest pins isn't checked here.
    """
    shutil.copyfile(source / MANIFEST_NAME, out / MANIFEST_NAME)
    if (source / SCRIPT_NAME).exists():
        run_script(source / SCRIPT_NAME, [str(out.resolve())], timeout)
        return
    for pin in manifest.files:
        if (source / pin.file).is_file():
            shutil.copyfile(source / pin.file, out / pin.file)


def run_script(script: Path, arguments: Sequence[str], timeout: float = DEFAULT_TIMEOUT) -> None:
    """Run a build script to its end, in a process of its own. Raises ModelBuildFailed with the last that it said."""
    if not script.is_file():
        raise ModelBuildFailed(f"there is no build script {script}")
    command = [sys.executable, str(script.resolve()), *arguments]
    # Small products gain nothing from threads and lose much where other work keeps the cores busy.
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = str(error)[:300]
        raise ModelBuildFailed(f"{script} couldn't be run to its end", hint=reason, reason=reason) from error
    if done.returncode != 0:
        output = (done.stdout + done.stderr).strip()[-2000:]
        last = output.rpartition("\n")[2][-300:] or "it said nothing"
        raise ModelBuildFailed(f"{script} failed", hint=last, exit_code=done.returncode, output=output)


def _harden(manifest: Manifest, built: Path) -> None:
    """The execution graph, where the manifest pins one and the script made none."""
    if manifest.execution is not None and not (built / manifest.execution.file).exists():
        graph = read_pinned(built, manifest.onnx)
        (built / manifest.execution.file).write_bytes(harden(parse(graph, CheckLimits())).graph)


def _install(manifest: Manifest, built: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    for pin in manifest.files:
        read_pinned(built, pin)
        (built / pin.file).replace(target / pin.file)
    staged = built / MANIFEST_NAME
    staged.write_text(manifest.model_dump_json(indent=2, exclude_defaults=True) + "\n")
    staged.replace(target / MANIFEST_NAME)
