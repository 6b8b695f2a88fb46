"""What can be wrong with the terms, bids and quotes of a job, as decided without a chain.

Used at every step that reads a stranger's record or is about to act on one. Each class is one stable code with a page
under docs/errors.
"""

from atomic_verify.errors import AtomicError


class ProtocolError(AtomicError):
    """Root of this package's errors."""

    code = "protocol-invalid"


class FieldOutOfRange(ProtocolError):
    """A number doesn't fit the unsigned integer that the contracts keep it in, or an enum has no such member."""

    code = "field-out-of-range"


class FieldMalformed(ProtocolError):
    """A field is of another type, length or shape than the contracts' record has."""

    code = "field-malformed"


class AddressMalformed(ProtocolError):
    """Not a 20-byte address in hexadecimal with a correct checksum."""

    code = "address-malformed"


class QuoteMismatch(ProtocolError):
    """A quote and an RFP don't belong together: the market would revert with QuoteMismatch or WrongKind."""

    code = "quote-mismatch"


class QuoteExpired(ProtocolError):
    """The time before which the quote could be awarded has passed."""

    code = "quote-expired"


class TermsRefused(ProtocolError):
    """An RFP that the market would not take: a time, bond, price or kind out of its bounds."""

    code = "terms-refused"


class RankingImpossible(ProtocolError):
    """Bids that can't be ranked: none at all, one not revealed, a worker twice, or a price above the RFP's."""

    code = "ranking-impossible"


class SettlementImpossible(ProtocolError):
    """A verdict or price that no job can have: more void items than items, a rebate above the escrow."""

    code = "settlement-impossible"


class TransitionIllegal(ProtocolError):
    """An act that a job's state doesn't allow."""

    code = "transition-illegal"


class NotWholeQuanta(ProtocolError):
    """Scores that no circuit gives: not a whole number of quanta, or too many for a float32."""

    code = "not-whole-quanta"


class DisputeRefused(ProtocolError):
    """An act on a claim or a line that the contracts would revert; `error` in its details names theirs."""

    code = "dispute-refused"
