"""All tables. Those of the chain are rebuilt from its events when it re-orgs; those of a process are its own memory.

Life cycle: all steps. Ids, hashes and digests are text in lower-case hexadecimal, addresses text with their checksum,
amounts decimal text, times Unix seconds. `migrations` creates them; a test holds the two against each other.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

from atomic_verify.storage.columns import AmountText, JsonText

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def point_columns(prefix: str, nullable: bool = False) -> tuple[Column[int], Column[int]]:
    """The columns of one `Point`; its block and transaction are looked up by them."""
    return (
        Column(f"{prefix}_block", BigInteger, nullable=nullable),
        Column(f"{prefix}_log", Integer, nullable=nullable),
    )


# The chain as it was read

sync_state = Table(
    "sync_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("chain_id", BigInteger, nullable=False),
    Column("market", Text, nullable=False),
    Column("first_block", BigInteger, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("head_number", BigInteger, nullable=False),
    Column("head_hash", Text, nullable=False),
    Column("head_timestamp", BigInteger, nullable=False),
    comment="One row: which chain and market this is, and up to which block it was indexed.",
)

blocks = Table(
    "blocks",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", Text, nullable=False),
    Column("timestamp", BigInteger),
    comment="Blocks with events, and recent ones, by which a re-org is found. A re-org deletes the replaced ones.",
)

transactions = Table(
    "transactions",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("block_number", BigInteger, ForeignKey("blocks.number", ondelete="CASCADE"), nullable=False),
    Column("tx_index", Integer, nullable=False),
    Column("sender", Text, nullable=False),
    Column("gas_used", BigInteger, nullable=False),
    Column("act", Text, nullable=False),
    Index(None, "block_number"),
)

events = Table(
    "events",
    metadata,
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("tx_hash", Text, ForeignKey("transactions.hash", ondelete="CASCADE"), nullable=False),
    Column("contract", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("args", JsonText, nullable=False),
    ForeignKeyConstraint(["block_number"], ["blocks.number"], ondelete="CASCADE"),
    Index(None, "tx_hash"),
)

subjects = Table(
    "subjects",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    ForeignKeyConstraint(
        ["block_number", "log_index"], ["events.block_number", "events.log_index"], ondelete="CASCADE"
    ),
    Index(None, "block_number", "log_index"),
    comment="Which records each event is folded into.",
)

# Projections

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("requester", Text, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("state", Integer, nullable=False),
    Column("worker", Text),
    Column("attempt", Integer, nullable=False),
    Column("price", AmountText),
    Column("deadline", BigInteger),
    Column("final_at", BigInteger),
    Column("rfp", JsonText, nullable=False),
    Column("input_uri", JsonText, nullable=False),
    *point_columns("posted"),
    *point_columns("updated"),
    Index(None, "posted_block", "posted_log"),
    Index(None, "state", "posted_block"),
    Index(None, "requester", "posted_block"),
    Index(None, "worker", "posted_block"),
)


def _job_column(*, primary_key: bool = True) -> Column[str]:
    return Column("job", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=primary_key)


bids = Table(
    "bids",
    metadata,
    _job_column(),
    Column("worker", Text, primary_key=True),
    Column("status", Integer, nullable=False),
    Column("seal", Text, nullable=False),
    Column("tie", AmountText, nullable=False),
    Column("weight", Integer),
    Column("price", AmountText),
    *point_columns("sealed"),
    *point_columns("revealed", nullable=True),
    Index(None, "worker"),
)

attempts = Table(
    "attempts",
    metadata,
    _job_column(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("worker", Text, nullable=False),
    Column("price", AmountText, nullable=False),
    Column("deadline", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ranking", JsonText, nullable=False),
    Column("bond_to_requester", AmountText, nullable=False),
    Column("bond_burned", AmountText, nullable=False),
    *point_columns("awarded"),
    *point_columns("missed", nullable=True),
    Index(None, "worker"),
)

results = Table(
    "results",
    metadata,
    _job_column(),
    Column("attempt", Integer, nullable=False),
    Column("worker", Text, nullable=False),
    Column("root", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("final_at", BigInteger, nullable=False),
    Column("open_claims", Integer, nullable=False),
    Column("void_items", JsonText, nullable=False),
    Column("slashed", Boolean, nullable=False),
    Column("challenger", Text),
    Column("costs", AmountText, nullable=False, server_default="0"),
    Column("window_ends", BigInteger, nullable=False, server_default="0"),
    Column("verifier", Text),
    Column("decisions", AmountText),
    *point_columns("committed"),
    *point_columns("finalized", nullable=True),
    Index(None, "payload"),
    Index(None, "window_ends"),
)

settlements = Table(
    "settlements",
    metadata,
    _job_column(),
    Column("worker", Text, nullable=False),
    Column("state", Integer, nullable=False),
    Column("has_void_items", Boolean, nullable=False),
    Column("to_worker", AmountText, nullable=False),
    Column("to_requester", AmountText, nullable=False),
    Column("fee", AmountText, nullable=False),
    Column("bond_to_challenger", AmountText, nullable=False),
    Column("bond_burned", AmountText, nullable=False),
    *point_columns("settled"),
    Index(None, "worker"),
)

models = Table(
    "models",
    metadata,
    Column("id", Text, primary_key=True),
    Column("publisher", Text, nullable=False),
    Column("disputable", Boolean, nullable=False),
    Column("spec", JsonText, nullable=False),
    Column("uri", JsonText, nullable=False),
    *point_columns("published"),
    *point_columns("invalidated", nullable=True),
    Index(None, "published_block", "published_log"),
)

workers = Table(
    "workers",
    metadata,
    Column("address", Text, primary_key=True),
    Column("endpoint", JsonText),
    Column("stake", AmountText, nullable=False),
    Column("locked", AmountText, nullable=False),
    Column("unbonding", AmountText, nullable=False),
    Column("unbonding_ready_at", BigInteger),
)

account_credits = Table(
    "credits",
    metadata,
    Column("account", Text, primary_key=True),
    Column("token", Text, primary_key=True),
    Column("amount", AmountText, nullable=False),
)

# A process's own memory

intents = Table(
    "intents",
    metadata,
    Column("chain_id", BigInteger, primary_key=True, autoincrement=False),
    Column("account", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("nonce", BigInteger),
    Column("created_at", Float(53), nullable=False),
    Column("record", JsonText, nullable=False),
    Index(None, "chain_id", "account", "nonce"),
    Index(None, "chain_id", "account", "created_at"),
)

requests = Table(
    "requests",
    metadata,
    Column("key", Text, primary_key=True),
    Column("body_hash", Text, nullable=False),
    Column("job", Text),
    Column("state", Text, nullable=False),
    Column("plan", JsonText, nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("updated_at", Float(53), nullable=False),
    Index(None, "job"),
    Index(None, "state"),
)

request_items = Table(
    "request_items",
    metadata,
    Column("job", Text, primary_key=True),
    Column("item", Integer, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("codec", Text, nullable=False),
    Column("details", JsonText, nullable=False),
    Index(None, "digest"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("job", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", JsonText, nullable=False),
    Column("details", JsonText, nullable=False),
    Column("at", Float(53), nullable=False),
    Index(None, "job", "kind"),
)
