"""What the repository may hold: files of a readable size, nothing of one machine, no secrets, no build output."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
THIS = Path(__file__).resolve()

# Written in pieces, so that this file passes its own test.
FORBIDDEN = {
    "a machine's path": re.compile(r"(?<![\w.])/(work|root|home/\w+)/|\.\./" + "shared" + r"\b"),
    "a registry's host": re.compile(
        "|".join(
            [
                "registry" + r"\.(npmjs|yarnpkg)\.",
                "files" + r"\.pythonhosted",
                r"pypi" + r"\.(org|python)",
                r"deb" + r"\.debian\.",
            ]
        )
    ),
    "a private key": re.compile("BEGIN (EC |RSA |OPENSSH )?" + "PRIVATE KEY"),
}
LINES = {"contract": 400, "library": 250, "python": 300, "test": 400}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str | None:
    data = path.read_bytes()
    return None if b"\0" in data[:8192] else data.decode("utf-8", errors="replace")


def limit_of(path: Path) -> int | None:
    parts = path.relative_to(ROOT).parts
    if path.suffix == ".py":
        return LINES["test" if parts[0] == "tests" else "python"]
    if path.suffix == ".sol" and parts[:2] == ("contracts", "src"):
        return LINES["library"] if "libraries" in parts else LINES["contract"]
    return None


def test_no_file_is_longer_than_a_reader_bears() -> None:
    long = []
    for path in tracked():
        limit = limit_of(path)
        lines = path.read_text().count("\n") if limit else 0
        if limit and lines > limit:
            long.append(f"{path.relative_to(ROOT)}: {lines} lines, at most {limit}")
    assert long == []


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_names(what: str) -> None:
    found = []
    for path in tracked():
        text = text_of(path) if path.resolve() != THIS else None
        for number, line in enumerate((text or "").splitlines(), 1):
            if FORBIDDEN[what].search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert found == []


def test_the_rules_find_what_they_look_for() -> None:
    assert FORBIDDEN["a machine's path"].search("see /" + "work/main")
    assert FORBIDDEN["a machine's path"].search("see ../" + "shared/tools")
    assert FORBIDDEN["a registry's host"].search("https://registry" + ".npmjs.org/solc")
    assert not FORBIDDEN["a machine's path"].search("build/work/x")


def test_python_dependencies_are_pinned_by_hash() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        for entry in re.split(r"\n(?=\S)", lock.read_text().strip()):
            assert re.match(r"[\w.-]+==\S+", entry), f"{lock.name}: {entry[:60]}"
            assert "--hash=sha256:" in entry, f"{lock.name}: {entry[:60]} has no hash"


def test_every_module_says_what_it_is() -> None:
    ours = [path for path in tracked() if path.suffix == ".py" and "examples" not in path.parts]
    texts = {str(path.relative_to(ROOT)): path.read_text().lstrip() for path in ours}
    assert [name for name, text in texts.items() if text and not text.startswith(('"""', 'r"""'))] == []
