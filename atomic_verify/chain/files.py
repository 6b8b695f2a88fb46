"""Files that are whole or not there: keystores and deployment records.

Life cycle: before all steps. A crash or a full disk leaves either the old file or the new one, never a part.
"""

import os
import secrets
from pathlib import Path


def write_new(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Writes a file that must not exist yet, made with `mode` from its first byte on. Raises FileExistsError."""
    scratch = _scratch(path, content, mode)
    try:
        os.link(scratch, path)  # unlike rename, this never replaces a file that appeared meanwhile
    finally:
        scratch.unlink()
    _sync_folder(path.parent)


def write_over(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Writes a file in place of the one that may be there."""
    scratch = _scratch(path, content, mode)
    try:
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _scratch(path: Path, content: bytes, mode: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.parent / f".{path.name}.{secrets.token_hex(8)}"
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    return scratch


def _sync_folder(folder: Path) -> None:
    """Makes the folder's new entry survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
