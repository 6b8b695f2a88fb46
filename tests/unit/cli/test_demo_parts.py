"""What the demo decides without a chain: which files, and whether its promises were kept."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from atomic_verify.cli.demo.files import MAX_BYTES, SUFFIXES, choose_files
from atomic_verify.cli.demo.gas import PaidTransaction
from atomic_verify.cli.demo.report import DemoItem, DemoReport, Reassigned, problems_of
from atomic_verify.cli.errors import DemoFailed

LABELS = ("python", "markdown", "json", "toml", "solidity", "javascript", "png", "elf")
EXPECTED = {f"file{number}": label for number, label in enumerate(LABELS)}
GOOD = DemoReport(
    items=tuple(DemoItem(path, label, 0.9, f"{path}.json", True) for path, label in EXPECTED.items()),
    transactions=(PaidTransaction("Market.post", 95_000),),
    winner="0xA",
    price_paid=2**70,
    reassigned=Reassigned("0x01", "0xA", "0xB"),
    seconds=40.126,
)


def fill(root: Path, suffixes: tuple[str, ...], folder: str = "src", size: int = 100) -> None:
    (root / folder).mkdir(parents=True, exist_ok=True)
    for suffix in suffixes:
        for name in ("b", "a"):
            (root / folder / f"{name}{suffix}").write_bytes(b"x" * size)


def test_files_are_chosen_by_type_and_path(tmp_path: Path) -> None:
    fill(tmp_path, SUFFIXES)
    chosen = choose_files(tmp_path)
    assert chosen == [Path("src") / f"a{suffix}" for suffix in SUFFIXES]
    assert choose_files(tmp_path) == chosen


def test_the_repositorys_own_files_come_before_installed_ones(tmp_path: Path) -> None:
    fill(tmp_path, SUFFIXES, folder=".venv/lib")
    fill(tmp_path, (".py",), folder="zoo")
    chosen = choose_files(tmp_path)
    assert Path("zoo/a.py") in chosen
    assert Path(".venv/lib/a.md") in chosen


@pytest.mark.parametrize("folder", ["build", "data", ".git", "src/__pycache__"])
def test_what_a_fresh_clone_does_not_have_is_left_out(tmp_path: Path, folder: str) -> None:
    fill(tmp_path, SUFFIXES[:-1])
    fill(tmp_path, SUFFIXES[-1:], folder=folder)
    assert not any(path.suffix == SUFFIXES[-1] for path in choose_files(tmp_path))


def test_sizes_are_bounded_and_links_left_out(tmp_path: Path) -> None:
    fill(tmp_path, SUFFIXES)
    (tmp_path / "src" / "a.py").write_bytes(b"x" * (MAX_BYTES + 1))
    (tmp_path / "src" / "a.md").write_bytes(b"x")
    (tmp_path / "src" / "a.json").unlink()
    (tmp_path / "src" / "a.json").symlink_to("/etc/hostname")
    chosen = choose_files(tmp_path)
    assert {Path("src/b.py"), Path("src/b.md"), Path("src/b.json")} <= set(chosen)


def test_too_few_files_or_types_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, SUFFIXES[:10])
    with pytest.raises(DemoFailed, match="only 10 suitable files"):
        choose_files(tmp_path)


def test_a_good_demo_has_no_problems_and_its_file_has_exactly_what_is_promised(tmp_path: Path) -> None:
    assert problems_of(GOOD, EXPECTED) == []
    GOOD.save(tmp_path / "demo.json")
    found = json.loads((tmp_path / "demo.json").read_text())
    assert list(found) == ["items", "transactions", "winner", "price_paid", "reassigned", "seconds"]
    assert list(found["items"][0]) == ["path", "label", "score", "receipt", "receipt_verified"]
    assert found["transactions"] == [{"name": "Market.post", "gas": 95_000}]
    assert found["reassigned"] == {"job": "0x01", "from": "0xA", "to": "0xB"}
    assert found["price_paid"] == 2**70
    assert found["seconds"] == 40.13


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (replace(GOOD, items=(replace(GOOD.items[0], label="perl"), *GOOD.items[1:])), "for the real package"),
        (replace(GOOD, items=(replace(GOOD.items[0], path="other"), *GOOD.items[1:])), "None for the real package"),
        (replace(GOOD, items=(replace(GOOD.items[0], receipt_verified=False), *GOOD.items[1:])), "does not hold"),
        (replace(GOOD, items=GOOD.items[:7]), "only 7 types"),
        (replace(GOOD, reassigned=Reassigned("0x01", "0xA", "0xA")), "not reassigned"),
        (replace(GOOD, price_paid=0), "nothing was paid"),
    ],
)
def test_every_broken_promise_is_told(changed: DemoReport, words: str) -> None:
    assert any(words in problem for problem in problems_of(changed, EXPECTED))
