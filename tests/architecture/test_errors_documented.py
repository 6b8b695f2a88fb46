"""Every error has a code of its own and a page that explains it."""

import importlib
import re
from pathlib import Path

from atomic_verify.errors import AtomicError
from tests.architecture.test_imports import PACKAGES, modules

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "errors"
PARTS = ("**What happened.**", "**Why.**", "**What to do.**")


def subclasses(cls: type[AtomicError]) -> set[type[AtomicError]]:
    below = set(cls.__subclasses__())
    return below.union(*(subclasses(sub) for sub in below))


def errors() -> list[type[AtomicError]]:
    for name in modules():
        importlib.import_module(name)
    ours = (cls for cls in subclasses(AtomicError) if cls.__module__.split(".")[0] in PACKAGES)
    return sorted(ours, key=lambda cls: (cls.__module__, cls.__qualname__))


def test_every_code_is_its_own() -> None:
    owners: dict[str, str] = {}
    for cls in errors():
        name = f"{cls.__module__}.{cls.__qualname__}"
        assert "code" in vars(cls), f"{name} has no code of its own"
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", cls.code), f"{name}: {cls.code!r} isn't kebab-case"
        assert cls.code not in owners, f"{name} and {owners[cls.code]} share the code {cls.code}"
        owners[cls.code] = name


def test_every_code_has_its_page() -> None:
    missing = [cls.code for cls in errors() if not (PAGES / f"{cls.code}.md").is_file()]
    assert missing == []


def test_every_page_has_a_title_and_says_what_to_do() -> None:
    for page in PAGES.glob("*.md"):
        if page.stem == "README":
            continue
        text = page.read_text()
        assert text.startswith(f"# {page.stem}\n"), f"{page.name} has another title"
        assert [part for part in PARTS if part not in text] == [], f"{page.name} is incomplete"


def test_every_page_belongs_to_a_code() -> None:
    codes = {cls.code for cls in errors()} | {AtomicError.code, "README"}
    assert sorted(page.stem for page in PAGES.glob("*.md") if page.stem not in codes) == []
