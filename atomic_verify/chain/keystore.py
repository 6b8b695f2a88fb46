"""Keys: made, kept encrypted in keystore files of version 3, and used through a `Signer` that never shows them.

Life cycle: before all steps. A *keystore* is a JSON file with a private key encrypted under a password; *signing*
happens here and nowhere else.
"""

import json
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from atomic_verify.chain.accounts import Account, LocalAccount, encode_typed_data
from atomic_verify.chain.errors import (
    KeystoreExists,
    KeystoreMalformed,
    KeystoreMissing,
    PasswordMissing,
    WrongPassword,
)
from atomic_verify.chain.files import write_new
from atomic_verify.protocol.errors import AddressMalformed
from atomic_verify.protocol.primitives import Address, parse_address

Password = str | Path | Callable[[], str]
"""A password, the file that holds it on its first line, or what asks a person for it."""

MAX_KEYSTORE_BYTES: Final = 65_536
MAX_PASSWORD_BYTES: Final = 4_096
MAX_SCRYPT_MEMORY: Final = 1 << 30
"""Bytes that opening a keystore may take: 128 * n * r of scrypt. A stranger's file could ask for all memory."""
MAX_PBKDF2_ROUNDS: Final = 10_000_000
SCRYPT_ROUNDS: Final = 1 << 18


class Signer:
    """One account's key. Neither its repr nor its errors show the key, and it cannot be pickled."""

    __slots__ = ("_account",)

    def __init__(self, account: LocalAccount) -> None:
        self._account = account

    @classmethod
    def from_key(cls, key: bytes) -> "Signer":
        """The signer of a 32-byte private key, for tests and development accounts."""
        return cls(Account.from_key(key))

    @property
    def address(self) -> Address:
        return Address(self._account.address)

    def sign_transaction(self, fields: Mapping[str, Any]) -> tuple[str, str]:
        """Signs a transaction with the fields of `eth_account`. Returns the raw transaction and its hash, 0x-hex."""
        signed = self._account.sign_transaction(dict(fields))
        return "0x" + bytes(signed.raw_transaction).hex(), "0x" + bytes(signed.hash).hex()

    def sign_typed_data(self, typed: Mapping[str, Any]) -> bytes:
        """Signs EIP-712 typed data given whole, as `eth_signTypedData_v4` takes it. Returns 65 bytes: r, s, v."""
        signed = self._account.sign_message(encode_typed_data(full_message=dict(typed)))
        return bytes(signed.signature)

    def __repr__(self) -> str:
        return f"Signer({self.address})"

    def __reduce__(self) -> Any:
        raise TypeError("a signer is never pickled: it holds a private key")


def create(path: Path, password: Password, *, key: bytes | None = None, rounds: int = SCRYPT_ROUNDS) -> Signer:
    """Makes a key, or takes `key`, and keeps it encrypted at `path` with mode 0600, whole or not at all.

    `rounds` is scrypt's n; only tests lower it. Raises KeystoreExists, PasswordMissing.
    """
    if path.exists():
        raise KeystoreExists(f"A file is in the way: {path}", hint="Choose another path; keys are never overwritten.")
    secret = key if key is not None else secrets.token_bytes(32)
    account: LocalAccount = Account.from_key(secret)
    content = json.dumps(Account.encrypt(secret, read_password(password), kdf="scrypt", iterations=rounds))
    try:
        write_new(path, content.encode(), mode=stat.S_IRUSR | stat.S_IWUSR)
    except FileExistsError:
        raise KeystoreExists(f"A file is in the way: {path}", hint="Choose another path.") from None
    return Signer(account)


def load(path: Path, password: Password) -> Signer:
    """Opens the keystore at `path`. Raises KeystoreMissing, KeystoreMalformed, PasswordMissing, WrongPassword."""
    content = _read(path)
    secret = read_password(password)
    try:
        key = Account.decrypt(content, secret)
    except ValueError as error:
        if "MAC mismatch" in str(error):
            raise WrongPassword(f"The password does not open {path}", hint="Passwords are case-sensitive.") from None
        raise _malformed(path) from None
    except (KeyError, TypeError, AttributeError, NotImplementedError, OverflowError, MemoryError):
        raise _malformed(path) from None
    return Signer(Account.from_key(key))


def address_of(path: Path) -> Address | None:
    """The address that a keystore claims, without opening it; None when it names none."""
    claimed = str(_read(path).get("address", ""))
    try:
        return parse_address("0x" + claimed.removeprefix("0x").lower())
    except AddressMalformed:
        return None


def read_password(password: Password) -> str:
    """The password itself; of a file its first line. Raises PasswordMissing."""
    if isinstance(password, Path):
        try:
            with password.open("rb") as file:
                raw = file.read(MAX_PASSWORD_BYTES + 1)
            if len(raw) > MAX_PASSWORD_BYTES:
                raise PasswordMissing(f"The password file is larger than {MAX_PASSWORD_BYTES} bytes: {password}")
            found = raw.decode().split("\n", 1)[0].rstrip("\r")
        except (OSError, UnicodeDecodeError):
            raise PasswordMissing(f"The password file is not readable: {password}") from None
    else:
        found = password if isinstance(password, str) else password()
    if not found:
        raise PasswordMissing("The password is empty", hint="Give a password file or type a password.")
    return found


def _read(path: Path) -> dict[str, Any]:
    """The keystore's JSON, with parameters that this machine can afford."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_KEYSTORE_BYTES + 1)
    except FileNotFoundError:
        raise KeystoreMissing(f"There is no keystore at {path}", hint="Make one with: atomic key new") from None
    except OSError as error:
        raise KeystoreMissing(f"The keystore is not readable: {path}", hint=os.strerror(error.errno or 0)) from None
    try:
        content = json.loads(raw)
        crypto = {name.lower(): value for name, value in content.items()}["crypto"]
        params = crypto["kdfparams"]
        cost = 128 * int(params.get("n", 0)) * int(params.get("r", 0))
        affordable = 0 <= cost <= MAX_SCRYPT_MEMORY and 0 <= int(params.get("c", 0)) <= MAX_PBKDF2_ROUNDS
        known = content["version"] == 3 and crypto["cipher"] == "aes-128-ctr"
        if len(raw) > MAX_KEYSTORE_BYTES or not known or not affordable:
            raise _malformed(path)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _malformed(path) from None
    return dict(content)


def _malformed(path: Path) -> KeystoreMalformed:
    return KeystoreMalformed(
        f"The file is no keystore of version 3: {path}", hint="Restore it from a backup; its key cannot be guessed."
    )
