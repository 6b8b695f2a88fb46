"""What can be wrong with a model, a program or a record, as typed errors with a page each under docs/errors.

Raised while a model is lowered (Unsupported), while a stranger's program is read (RecordInvalid), and while one is
evaluated (EvaluationFailed).
"""

from enum import Enum

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


class Fault(Enum):
    """Which rule of docs/canonical.md an invalid record breaks."""

    FORM = "form"
    """Too short, too long, or a field that must be zero isn't."""
    OPCODE = "opcode"
    FUNCTION = "function"
    DTYPE = "dtype"
    """A type unknown, or not what the step's law makes of its operands' types."""
    SOURCE = "source"
    """A source unknown, or not allowed for this step."""
    RANK = "rank"
    DIMENSION = "dimension"
    """A dimension of 0, or more than 2^40 elements."""
    TERMS = "terms"
    """More than 4096 terms in a reduction."""
    OPERANDS = "operands"
    """Another number of operands than the step takes."""
    IMMEDIATE = "immediate"
    """An immediate with a tensor or guards, or where there must be a tensor."""
    ORDER = "order"
    """An operand that isn't an earlier step."""
    GUARDS = "guards"
    FILL = "fill"
    """A fill that isn't finite, or isn't zero though unused."""
    SEGMENT = "segment"
    """Reduction dimensions that aren't one contiguous segment."""
    ADDRESS = "address"
    """An address that can't be shown to lie inside its tensor."""
    GATHER = "gather"
    """A gather's limit of 0, or its range not shown to lie inside the tensor."""
    SPLITS = "splits"
    """A concat's axis or splits."""
    REFERENCE = "reference"
    """A tensor of the program that doesn't exist, or has another type or number of elements than the operand says."""
