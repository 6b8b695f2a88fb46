"""The error root: what an error carries, and that it survives the way to another process."""

import pickle

from atomic_verify.config import ConfigInvalid
from atomic_verify.errors import AtomicError


def test_an_error_tells_code_message_hint_and_details() -> None:
    error = ConfigInvalid("No port.", hint="Set one.", setting="port")
    assert str(error) == "No port."
    assert error.to_json() == {
        "code": "config-invalid",
        "message": "No port.",
        "hint": "Set one.",
        "details": {"setting": "port"},
    }


def test_an_error_needs_nothing_but_a_message() -> None:
    assert AtomicError("Something.").to_json() == {
        "code": "error",
        "message": "Something.",
        "hint": None,
        "details": {},
    }


def test_an_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(ConfigInvalid("No port.", hint="Set one.", setting="port")))
    assert isinstance(error, ConfigInvalid)
    assert (error.message, error.hint, error.details) == ("No port.", "Set one.", {"setting": "port"})
