"""The court: an in-memory twin of Disputes.sol, Results.sol and what Market.sol does with a verdict, without a chain.

Used to play disputes by the thousand, and beside the real contracts to see that both take the same acts and move the
same money. Evidence is abstract here: a claim's trace is known to break in a set of places, or in none, and openings
always open. Gas is a number that each act is given.

- `books`: what is kept of jobs, claims and lines, and every unit of money.
- `docket`: how claims and lines end. `claims`, `lines`: their acts. `results`: finality and verdict.
"""

from atomic_verify.protocol.court.books import ClaimCase, JobCase, Ledger, LineCase, Place, Reveal
from atomic_verify.protocol.court.claims import Claims
from atomic_verify.protocol.court.docket import Terms
from atomic_verify.protocol.court.lines import Lines
from atomic_verify.protocol.court.results import Results

__all__ = ["ClaimCase", "Court", "JobCase", "Ledger", "LineCase", "Place", "Reveal", "Terms"]


class Court(Claims, Lines, Results):
    """All acts; each takes `now`, the second of its block, and raises DisputeRefused with the contract's error."""
