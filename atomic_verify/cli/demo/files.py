"""Which files the demo asks about: real ones of many types, found in the repository and its virtual environment.

The choice is the same on every run over the same files: per suffix the first few by path, within bounds of size.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from atomic_verify.cli.errors import DemoFailed

SUFFIXES: Final = (
    ".py", ".md", ".json", ".toml", ".sol", ".js", ".png", ".so", ".pyc", ".whl", ".zip", ".gz", ".html", ".css",
    ".csv", ".sql", ".onnx", ".npz", ".h", ".c", ".ts", ".yml", ".yaml", ".rst", ".txt", ".svg", ".exe",
    ".sh", ".xml", ".pem",
)  # fmt: skip
MIN_FILES: Final = 20
MIN_TYPES: Final = 8
PER_SUFFIX: Final = 1
MIN_BYTES: Final = 64
MAX_BYTES: Final = 512 * 2**10
INSTALLED: Final = frozenset({".venv", "node_modules"})
"""Folders at the top that `make setup` makes."""
SKIPPED: Final = frozenset({"build", "data", "deployments"})
"""Folders at the top that are no part of a fresh clone after `make setup`; those with a dot are caches mostly."""


def choose_files(root: Path, per_suffix: int = PER_SUFFIX) -> list[Path]:
    """At least 20 files of at least 8 suffixes, relative to `root`. Raises DemoFailed if there are fewer."""
    found: dict[str, list[Path]] = {suffix: [] for suffix in SUFFIXES}
    for path in _files(root):
        chosen = found.get(path.suffix)
        if chosen is not None and len(chosen) < per_suffix and _fits(path):
            chosen.append(path.relative_to(root))
    files = [path for suffix in SUFFIXES for path in found[suffix]]
    types = sum(bool(paths) for paths in found.values())
    if len(files) < MIN_FILES or types < MIN_TYPES:
        raise DemoFailed(
            f"{root} has only {len(files)} suitable files of {types} types.",
            hint="Run the demo in the repository's folder, after `make setup`.",
        )
    return files


def _files(root: Path) -> Iterator[Path]:
    """All files below `root`, sorted; the repository's own before those of installed packages."""
    own: list[Path] = []
    installed: list[Path] = []
    for folder, names, files in os.walk(root):
        at = Path(folder)
        if at == root:
            names[:] = [name for name in names if name in INSTALLED or not (name in SKIPPED or name.startswith("."))]
        if at.relative_to(root).parts[:1] and at.relative_to(root).parts[0] in INSTALLED:
            installed += [at / name for name in files]
        else:
            # The repository's own caches come and go; those of installed packages stay.
            names[:] = [name for name in names if name != "__pycache__"]
            own += [at / name for name in files]
    yield from sorted(own)
    yield from sorted(installed)


def _fits(path: Path) -> bool:
    return not path.is_symlink() and path.is_file() and MIN_BYTES <= path.stat().st_size <= MAX_BYTES
