"""The command line as a whole: every command is documented and explained, and errors look as promised."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from atomic_verify import __version__
from atomic_verify.chain.presets import development
from atomic_verify.cli import COMMANDS, app
from atomic_verify.cli.flags import DEFAULT_CLAIM_TIMES, parse_claim_times
from atomic_verify.errors import AtomicError

ROOT = Path(__file__).resolve().parents[3]
DOCS = (ROOT / "docs" / "cli.md").read_text()
PROMISED = {
    "key new", "key show", "token balance", "token withdraw", "token transfer", "stake add", "stake unbond",
    "stake withdraw", "stake show", "chain", "deploy", "model build", "model publish", "model list", "worker run",
    "gateway run", "job submit", "job show", "job wait", "job list", "verify", "demo",
    "model check", "model harden", "model explain", "model calibrate", "model prepare", "model conformance",
    "circuit build", "circuit check", "circuit prove", "circuit verify",
    "watcher run", "claim show", "claim list", "delays",
}  # fmt: skip


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its full name."""
    root: Any = typer.main.get_command(app)
    for name in root.list_commands(None):
        found = root.get_command(None, name)
        below = getattr(found, "commands", None)
        if below:
            yield from ((f"{name} {sub}", command) for sub, command in below.items())
        else:
            yield name, found


def run(*arguments: str, **options: Any) -> Any:
    return CliRunner().invoke(app, list(arguments), **options)


def test_the_promised_commands_stand() -> None:
    assert {name for name, _ in commands()} == PROMISED


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_every_command_is_documented(name: str) -> None:
    assert re.search(rf"^\| `atomic {name}[ `]", DOCS, re.MULTILINE), f"docs/cli.md does not list: atomic {name}"


def test_the_docs_list_no_other_command() -> None:
    listed = re.findall(r"^\| `atomic ([^`]+)`", DOCS, re.MULTILINE)
    names = {re.split(r" [A-Z\[]", line)[0] for line in listed}
    assert names == PROMISED


def test_every_command_and_every_flag_explains_itself() -> None:
    silent = []
    for name, command in commands():
        if not command.help:
            silent.append(name)
        silent += [f"{name} {one.name}" for one in command.params if not getattr(one, "help", None)]
    assert silent == []


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_help_ends_well(name: str) -> None:
    shown = run(*name.split(), "--help")
    assert shown.exit_code == 0
    assert "Usage" in shown.stdout


def test_passwords_are_never_flags() -> None:
    flags = {flag for _, command in commands() for one in command.params for flag in one.opts}
    assert not flags & {"--password", "--key", "--private-key", "--mnemonic", "--write-key"}


def test_the_version_is_told() -> None:
    assert run("--version").stdout == f"atomic {__version__}\n"


def test_an_unknown_command_is_a_wrong_call() -> None:
    assert run("stek", "add").exit_code == 2
    assert run("stake", "ad").exit_code == 2
    assert run("stake", "add", "much").exit_code == 2


@pytest.mark.parametrize(
    "text", ["", "10", "10,20", "10,20,20,20", "10,20,x", "0,20,20", "-1,20,20", "1,2,99999999999"]
)
def test_claim_times_are_three_whole_numbers(text: str) -> None:
    for command in ("chain", "deploy"):
        shown = run(command, "--claim-times", text)
        assert (shown.exit_code, "--claim-times" in shown.stderr) == (2, True)


def test_claim_times_reach_the_preset() -> None:
    preset = development(**parse_claim_times(DEFAULT_CLAIM_TIMES))
    assert (preset.claim_reveal_time, preset.disputes.refute_window, preset.disputes.line_clock) == (10, 20, 20)


def test_an_error_has_its_code_its_hint_and_exit_code_1(tmp_path: Path) -> None:
    shown = run("token", "balance", "--config", str(tmp_path / "none.toml"))
    assert shown.exit_code == 1
    assert shown.stdout == ""
    assert shown.stderr.startswith("error config-invalid: There is no settings file")
    assert "Check the path" in shown.stderr


def test_what_the_system_refuses_has_a_code_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied", "somewhere")

    monkeypatch.setattr("atomic_verify.chain.keystore.address_of", refuse)
    shown = run("key", "show", str(tmp_path / "key.json"))
    assert shown.exit_code == 1
    assert shown.stderr.startswith("error system-refused: Permission denied: somewhere")


def test_an_error_that_looks_like_markup_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AtomicError("a [red]strange[/] path [/tmp]", hint="[bold]look")

    monkeypatch.setattr("atomic_verify.chain.keystore.address_of", refuse)
    shown = run("key", "show", "x")
    assert "a [red]strange[/] path [/tmp]" in shown.stderr
    assert "[bold]look" in shown.stderr


def test_flags_go_over_the_environment_and_the_environment_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "atomic.toml"
    file.write_text('models_dir = "of-the-file"\n')
    assert "of-the-file" in run("model", "list", "--config", str(file)).stdout
    monkeypatch.setenv("ATOMIC_MODELS_DIR", "of-the-environment")
    assert "of-the-environment" in run("model", "list", "--config", str(file)).stdout
    shown = run("model", "list", "--config", str(file), "--models", "of-the-flag")
    assert "of-the-flag" in shown.stdout


def test_each_group_is_a_module() -> None:
    folder = ROOT / "atomic_verify" / "cli"
    assert all((folder / f"{name}.py").is_file() or (folder / name).is_dir() for name in COMMANDS)
