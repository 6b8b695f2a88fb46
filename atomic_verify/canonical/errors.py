"""What can be wrong with a model, a program or a record, as typed errors with a page each under docs/errors.

Raised while a model is lowered (Unsupported), while a stranger's program is read (RecordInvalid), and while one is
evaluated (EvaluationFailed).
"""

from atomic_verify.errors import AtomicError


class CanonicalError(AtomicError):
    """Root of this package's errors."""

    code = "canonical-invalid"


class Unsupported(CanonicalError):
    """The lowering doesn't know this operator, attribute or case, and so refuses it rather than guess.

    `operator` is the ONNX operator, `node` the node's name or number, `attribute` what exactly isn't known (empty: all
    of it), `reason` why, `hint` what the model's author can do.
    """

    code = "model-unsupported"

    def __init__(
        self, operator: str = "", node: str = "", attribute: str = "", reason: str = "", hint: str | None = None
    ) -> None:
        where = " ".join(part for part in (operator or "model", repr(node) if node else "", attribute) if part)
        super().__init__(
            f"{where}: {reason or 'not supported'}",
            hint=hint,
            operator=operator,
            node=node,
            attribute=attribute,
            reason=reason,
        )
        self.operator, self.node, self.attribute, self.reason = operator, node, attribute, reason

    def __reduce__(self) -> tuple[type["Unsupported"], tuple[str, str, str, str, str | None]]:
        return type(self), (self.operator, self.node, self.attribute, self.reason, self.hint)


class RecordInvalid(CanonicalError):
    """A record isn't a step that the referee would judge; `details["reason"]` is the kebab-case reason."""

    code = "record-invalid"


class EvaluationFailed(CanonicalError):
    """A program can't be evaluated: an input missing or of another shape, or this machine flushes subnormals."""

    code = "evaluation-failed"
