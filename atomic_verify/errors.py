"""The one root of all errors that a user may see.

Every subclass has a stable `code` with a page `docs/errors/<code>.md`. Packages define their own subclasses and
translate a library's errors at their boundary, so that a caller catches `AtomicError` and nothing else.
"""

from typing import Any, ClassVar


class AtomicError(Exception):
    """Something that went wrong and that we know: a stable code, a message, a way out, the details.

    `details` holds what a program may need (JSON-able), `hint` what a person may do.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        return self.message

    def to_json(self) -> dict[str, Any]:
        """The error as a program reads it."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "details": self.details}
