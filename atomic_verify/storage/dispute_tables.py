"""The tables of claims and lines; they go with those of `tables` and follow from the chain's events like them.

Life cycle: claim and line. None refers to `jobs`, whose rows are written anew whenever anything happens to a job.
"""

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Integer, Table, Text

from atomic_verify.storage.columns import AmountText, JsonText
from atomic_verify.storage.tables import metadata, point_columns

seals = Table(
    "seals",
    metadata,
    Column("claimer", Text, primary_key=True),
    Column("seal", Text, primary_key=True),
    Column("bond", AmountText, nullable=False),
    Column("claim", BigInteger),
    *point_columns("sealed"),
    *point_columns("revealed", nullable=True),
    *point_columns("burned", nullable=True),
)

claims = Table(
    "claims",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("job", Text, nullable=False),
    Column("item", BigInteger, nullable=False),
    Column("claimer", Text, nullable=False),
    Column("seal", Text, nullable=False),
    Column("state", Integer, nullable=False),
    Column("outcome", Integer, nullable=False),
    Column("bond", AmountText, nullable=False),
    Column("cost", AmountText, nullable=False),
    Column("charged", AmountText, nullable=False),
    Column("upholdable_at", BigInteger, nullable=False),
    Column("trace", Text, nullable=False),
    Column("trace_digest", Text, nullable=False),
    *point_columns("revealed"),
    *point_columns("ended", nullable=True),
    Index(None, "job"),
    Index(None, "state"),
    Index(None, "claimer"),
    Index(None, "trace_digest"),
)

lines = Table(
    "lines",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("job", Text, nullable=False),
    Column("claim", BigInteger),
    Column("item", BigInteger, nullable=False),
    Column("opener", Text, nullable=False),
    Column("subject", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("rounds", Integer, nullable=False),
    Column("due", BigInteger),
    Column("ending", Integer, nullable=False),
    Column("repaid", AmountText, nullable=False),
    Column("forfeited", AmountText, nullable=False),
    *point_columns("opened"),
    *point_columns("closed", nullable=True),
    Index(None, "job"),
    Index(None, "claim"),
    Index(None, "turn"),
    Index(None, "opener"),
)

answers = Table(
    "answers",
    metadata,
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("line", BigInteger, nullable=False),
    Column("round", BigInteger, nullable=False),
    Column("answer", JsonText, nullable=False),
    ForeignKeyConstraint(
        ["block_number", "log_index"], ["events.block_number", "events.log_index"], ondelete="CASCADE"
    ),
    Index(None, "line", "round"),
    comment="The leaves that answers hold, up to 32 KiB each; the events are kept without them.",
)
