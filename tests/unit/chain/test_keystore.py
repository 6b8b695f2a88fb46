"""Keystores: never overwritten, never readable by others, opened by their password only; keys never shown."""

import json
import pickle
import stat
from pathlib import Path
from typing import Any

import pytest

from atomic_verify.chain import keystore
from atomic_verify.chain.accounts import Account, encode_typed_data
from atomic_verify.chain.errors import (
    KeystoreExists,
    KeystoreMalformed,
    KeystoreMissing,
    PasswordMissing,
    WrongPassword,
)

KEY = bytes(range(1, 33))
ROUNDS = 2


def make(path: Path, password: keystore.Password = "correct") -> keystore.Signer:
    return keystore.create(path, password, key=KEY, rounds=ROUNDS)


def test_what_was_made_can_be_opened(tmp_path: Path) -> None:
    made = make(tmp_path / "deep" / "key.json")
    opened = keystore.load(tmp_path / "deep" / "key.json", "correct")
    assert opened.address == made.address == Account.from_key(KEY).address
    assert keystore.address_of(tmp_path / "deep" / "key.json") == made.address


def test_each_new_key_is_another(tmp_path: Path) -> None:
    first = keystore.create(tmp_path / "a", "x", rounds=ROUNDS)
    second = keystore.create(tmp_path / "b", "x", rounds=ROUNDS)
    assert first.address != second.address


def test_the_file_is_its_owners_alone_and_whole(tmp_path: Path) -> None:
    make(tmp_path / "key.json")
    assert stat.S_IMODE((tmp_path / "key.json").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["key.json"]
    assert json.loads((tmp_path / "key.json").read_text())["version"] == 3
    assert KEY.hex() not in (tmp_path / "key.json").read_text()


def test_a_file_in_the_way_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text("precious")
    with pytest.raises(KeystoreExists):
        make(tmp_path / "key.json")
    assert (tmp_path / "key.json").read_text() == "precious"
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(KeystoreExists):
        make(tmp_path / "link")


def test_a_wrong_password_is_told_apart_from_a_damaged_file(tmp_path: Path) -> None:
    make(tmp_path / "key.json")
    with pytest.raises(WrongPassword):
        keystore.load(tmp_path / "key.json", "Correct")


def test_a_missing_keystore_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeystoreMissing):
        keystore.load(tmp_path / "key.json", "x")
    with pytest.raises(KeystoreMissing):
        keystore.load(tmp_path, "x")


def crypto(**changes: Any) -> str:
    content = Account.encrypt(KEY, "correct", kdf="scrypt", iterations=ROUNDS)
    content["crypto"].update(changes)
    return json.dumps(content)


def params(**changes: Any) -> str:
    content = Account.encrypt(KEY, "correct", kdf="scrypt", iterations=ROUNDS)
    content["crypto"]["kdfparams"].update(changes)
    return json.dumps(content)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        "\x00\xff",
        "[" * 60_000,
        '{"version": 3}',
        '{"version": 3, "crypto": []}',
        '{"version": 3, "crypto": {"kdfparams": {"n": "many"}}}',
        crypto(kdf="md5"),
        crypto(cipher="none"),
        crypto(ciphertext="zz"),
        crypto(mac=7),
        params(n=1 << 40),
        params(n=-1),
        params(r=1 << 30),
        params(c=1 << 40),
        params(salt=None),
        crypto() + " " * 70_000,
    ],
)
def test_what_is_no_keystore_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "key.json").write_text(text)
    with pytest.raises(KeystoreMalformed):
        keystore.load(tmp_path / "key.json", "correct")


def test_a_password_comes_from_a_file_or_a_prompt(tmp_path: Path) -> None:
    make(tmp_path / "key.json")
    (tmp_path / "password").write_text("correct\nsecond line\n")
    assert keystore.load(tmp_path / "key.json", tmp_path / "password")
    assert keystore.load(tmp_path / "key.json", lambda: "correct")


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"x" * 5_000])
def test_an_unusable_password_file_is_told(tmp_path: Path, content: bytes) -> None:
    make(tmp_path / "key.json")
    (tmp_path / "password").write_bytes(content)
    with pytest.raises(PasswordMissing):
        keystore.load(tmp_path / "key.json", tmp_path / "password")
    with pytest.raises(PasswordMissing):
        keystore.load(tmp_path / "key.json", tmp_path / "nowhere")
    with pytest.raises(PasswordMissing):
        keystore.create(tmp_path / "new.json", "")
    assert not (tmp_path / "new.json").exists()


def test_a_signer_never_shows_its_key() -> None:
    signer = keystore.Signer.from_key(KEY)
    shown = f"{signer!r} {signer} {signer.__class__.__slots__}"
    assert KEY.hex() not in shown
    assert str(int.from_bytes(KEY)) not in shown
    assert not hasattr(signer, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(signer)


def test_typed_data_is_signed_by_the_address() -> None:
    signer = keystore.Signer.from_key(KEY)
    typed = {
        "types": {
            "EIP712Domain": [{"name": "name", "type": "string"}],
            "Quote": [{"name": "price", "type": "uint128"}],
        },
        "primaryType": "Quote",
        "domain": {"name": "test"},
        "message": {"price": 7},
    }
    signature = signer.sign_typed_data(typed)
    assert len(signature) == 65
    assert Account.recover_message(encode_typed_data(full_message=typed), signature=signature) == signer.address
