"""Settings: which source wins, what is refused, and that the message tells where to look."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from atomic_verify.config import ConfigInvalid, Settings, load_settings


@pytest.fixture(autouse=True)
def empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without a settings file."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str, name: str = "atomic.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_defaults_serve_a_development_chain_on_the_loopback() -> None:
    settings = load_settings()
    assert settings.chain_id == 31337
    assert settings.gateway.host == settings.worker.host == "127.0.0.1"
    assert settings.allow_private_inputs is False
    assert settings.keystore is None
    assert settings.password_file is None


def test_file_below_environment_below_flag(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(empty_place, 'chain_id = 1\nrpc_url = "http://file"\ndata_dir = "of-file"\n')
    monkeypatch.setenv("ATOMIC_CHAIN_ID", "2")
    monkeypatch.setenv("ATOMIC_RPC_URL", "http://environment")
    settings = load_settings(chain_id=3)
    assert (settings.chain_id, settings.rpc_url, settings.data_dir) == (3, "http://environment", Path("of-file"))


def test_a_table_may_come_from_all_three_sources(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(empty_place, "[worker]\nport = 1001\nmax_items = 7\nthreads = 2\n")
    monkeypatch.setenv("ATOMIC_WORKER__MAX_ITEMS", "8")
    settings = load_settings(worker={"threads": 3, "host": None})
    assert (settings.worker.port, settings.worker.max_items, settings.worker.threads) == (1001, 8, 3)
    assert settings.worker.host == "127.0.0.1"


def test_another_file_can_be_named(empty_place: Path) -> None:
    write(empty_place, "chain_id = 1\n")
    assert load_settings(write(empty_place, "chain_id = 5\n", "other.toml")).chain_id == 5


def test_flags_that_were_not_given_change_nothing(empty_place: Path) -> None:
    write(empty_place, "chain_id = 6\n")
    assert load_settings(chain_id=None, worker={"port": None}).chain_id == 6


def test_settings_are_frozen() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.chain_id = 2  # type: ignore[misc]
    with pytest.raises(ValidationError):
        settings.worker.port = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("chain_id = 0\n", "chain_id"),
        ('chain_id = "many"\n', "chain_id"),
        ("chain = 1\n", "chain"),
        ("[gateway]\nport = 70000\n", "gateway.port"),
        ('[worker]\nprovider = "tpu"\n', "worker.provider"),
        ("[worker.pricing]\nprice = 1\n", "worker.pricing.price"),
    ],
)
def test_a_wrong_value_names_its_key_and_file(empty_place: Path, text: str, setting: str) -> None:
    write(empty_place, text)
    with pytest.raises(ConfigInvalid) as caught:
        load_settings()
    assert caught.value.details["setting"] == setting
    assert "atomic.toml" in str(caught.value.hint)


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATOMIC_GATEWAY__PORT", "no number")
    with pytest.raises(ConfigInvalid) as caught:
        load_settings()
    assert "ATOMIC_GATEWAY__PORT" in str(caught.value.hint)


def test_a_misspelled_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATOMIC_CHAINID", "1")
    with pytest.raises(ConfigInvalid, match="ATOMIC_CHAINID"):
        load_settings()


def test_a_wrong_flag_says_so() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        load_settings(chain_id=-1)
    assert caught.value.hint == "It is set by a flag."


def test_a_file_that_is_not_there_is_an_error_only_if_named(empty_place: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"nowhere\.toml"):
        load_settings(empty_place / "nowhere.toml")


def test_a_malformed_file_is_refused(empty_place: Path) -> None:
    write(empty_place, "chain_id = \n")
    with pytest.raises(ConfigInvalid, match="can't be read"):
        load_settings()


def test_no_setting_holds_a_secret() -> None:
    secret = ("password", "private_key", "mnemonic", "secret", "write_key")
    names = list(Settings.model_fields) + list(type(load_settings().gateway).model_fields)
    assert not [name for name in names if name in secret]
