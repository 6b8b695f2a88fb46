"""Reading a model's files: only bytes with the digest that the manifest pins ever leave this module."""

import hashlib
from pathlib import Path

from atomic_verify.models.errors import ModelDigestMismatch, ModelFileMissing
from atomic_verify.models.parts import FilePin


def read_pinned(directory: Path, pin: FilePin) -> bytes:
    """A file's bytes if they are the pinned ones. Raises ModelFileMissing, ModelDigestMismatch."""
    path = directory / pin.file
    try:
        with path.open("rb") as stream:
            content = stream.read(pin.bytes + 1)
    except OSError as error:
        raise ModelFileMissing(
            f"the model's file {pin.file} can't be read", hint="build the model again", path=str(path)
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if len(content) != pin.bytes or found != pin.sha256:
        raise ModelDigestMismatch(
            f"{pin.file} isn't the file that the manifest pins",
            hint="build the model again",
            expected=pin.sha256,
            found=found,
        )
    return content
