"""The first schema.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blocks",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_blocks")),
        comment="Blocks with events, and recent ones, by which a re-org is found. A re-org deletes the replaced ones.",
    )
    op.create_table(
        "credits",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("amount", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "token", name=op.f("pk_credits")),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_job_kind"), "decisions", ["job", "kind"], unique=False)
    op.create_table(
        "intents",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "account", "key", name=op.f("pk_intents")),
    )
    op.create_index(
        op.f("ix_intents_chain_id_account_created_at"), "intents", ["chain_id", "account", "created_at"], unique=False
    )
    op.create_index(
        op.f("ix_intents_chain_id_account_nonce"), "intents", ["chain_id", "account", "nonce"], unique=False
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("price", sa.Text(), nullable=True),
        sa.Column("deadline", sa.BigInteger(), nullable=True),
        sa.Column("final_at", sa.BigInteger(), nullable=True),
        sa.Column("rfp", sa.Text(), nullable=False),
        sa.Column("input_uri", sa.Text(), nullable=False),
        sa.Column("posted_block", sa.BigInteger(), nullable=False),
        sa.Column("posted_log", sa.Integer(), nullable=False),
        sa.Column("updated_block", sa.BigInteger(), nullable=False),
        sa.Column("updated_log", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(op.f("ix_jobs_posted_block_posted_log"), "jobs", ["posted_block", "posted_log"], unique=False)
    op.create_index(op.f("ix_jobs_requester_posted_block"), "jobs", ["requester", "posted_block"], unique=False)
    op.create_index(op.f("ix_jobs_state_posted_block"), "jobs", ["state", "posted_block"], unique=False)
    op.create_index(op.f("ix_jobs_worker_posted_block"), "jobs", ["worker", "posted_block"], unique=False)
    op.create_table(
        "models",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("disputable", sa.Boolean(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("published_block", sa.BigInteger(), nullable=False),
        sa.Column("published_log", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_models")),
    )
    op.create_index(
        op.f("ix_models_published_block_published_log"), "models", ["published_block", "published_log"], unique=False
    )
    op.create_table(
        "request_items",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("item", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job", "item", name=op.f("pk_request_items")),
    )
    op.create_index(op.f("ix_request_items_digest"), "request_items", ["digest"], unique=False)
    op.create_table(
        "requests",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("updated_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_requests")),
    )
    op.create_index(op.f("ix_requests_job"), "requests", ["job"], unique=False)
    op.create_index(op.f("ix_requests_state"), "requests", ["state"], unique=False)
    op.create_table(
        "sync_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("first_block", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("head_number", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.Text(), nullable=False),
        sa.Column("head_timestamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_state")),
        comment="One row: which chain and market this is, and up to which block it was indexed.",
    )
    op.create_table(
        "workers",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=True),
        sa.Column("stake", sa.Text(), nullable=False),
        sa.Column("locked", sa.Text(), nullable=False),
        sa.Column("unbonding", sa.Text(), nullable=False),
        sa.Column("unbonding_ready_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_workers")),
    )
    op.create_table(
        "attempts",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("price", sa.Text(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ranking", sa.Text(), nullable=False),
        sa.Column("bond_to_requester", sa.Text(), nullable=False),
        sa.Column("bond_burned", sa.Text(), nullable=False),
        sa.Column("awarded_block", sa.BigInteger(), nullable=False),
        sa.Column("awarded_log", sa.Integer(), nullable=False),
        sa.Column("missed_block", sa.BigInteger(), nullable=True),
        sa.Column("missed_log", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_attempts_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job", "number", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_worker"), "attempts", ["worker"], unique=False)
    op.create_table(
        "bids",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("seal", sa.Text(), nullable=False),
        sa.Column("tie", sa.Text(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=True),
        sa.Column("price", sa.Text(), nullable=True),
        sa.Column("sealed_block", sa.BigInteger(), nullable=False),
        sa.Column("sealed_log", sa.Integer(), nullable=False),
        sa.Column("revealed_block", sa.BigInteger(), nullable=True),
        sa.Column("revealed_log", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_bids_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job", "worker", name=op.f("pk_bids")),
    )
    op.create_index(op.f("ix_bids_worker"), "bids", ["worker"], unique=False)
    op.create_table(
        "results",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("final_at", sa.BigInteger(), nullable=False),
        sa.Column("open_claims", sa.Integer(), nullable=False),
        sa.Column("void_items", sa.Text(), nullable=False),
        sa.Column("slashed", sa.Boolean(), nullable=False),
        sa.Column("challenger", sa.Text(), nullable=True),
        sa.Column("committed_block", sa.BigInteger(), nullable=False),
        sa.Column("committed_log", sa.Integer(), nullable=False),
        sa.Column("finalized_block", sa.BigInteger(), nullable=True),
        sa.Column("finalized_log", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_results_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_results")),
    )
    op.create_index(op.f("ix_results_payload"), "results", ["payload"], unique=False)
    op.create_table(
        "settlements",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("has_void_items", sa.Boolean(), nullable=False),
        sa.Column("to_worker", sa.Text(), nullable=False),
        sa.Column("to_requester", sa.Text(), nullable=False),
        sa.Column("fee", sa.Text(), nullable=False),
        sa.Column("bond_to_challenger", sa.Text(), nullable=False),
        sa.Column("bond_burned", sa.Text(), nullable=False),
        sa.Column("settled_block", sa.BigInteger(), nullable=False),
        sa.Column("settled_log", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_settlements_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_settlements")),
    )
    op.create_index(op.f("ix_settlements_worker"), "settlements", ["worker"], unique=False)
    op.create_table(
        "transactions",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("gas_used", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["block_number"], ["blocks.number"], name=op.f("fk_transactions_block_number"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_transactions")),
    )
    op.create_index(op.f("ix_transactions_block_number"), "transactions", ["block_number"], unique=False)
    op.create_table(
        "events",
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tx_hash", sa.Text(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("args", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["block_number"], ["blocks.number"], name=op.f("fk_events_block_number"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tx_hash"], ["transactions.hash"], name=op.f("fk_events_tx_hash"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("block_number", "log_index", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_tx_hash"), "events", ["tx_hash"], unique=False)
    op.create_table(
        "subjects",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["block_number", "log_index"],
            ["events.block_number", "events.log_index"],
            name=op.f("fk_subjects_block_number_log_index"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("kind", "key", "block_number", "log_index", name=op.f("pk_subjects")),
        comment="Which records each event is folded into.",
    )
    op.create_index(op.f("ix_subjects_block_number_log_index"), "subjects", ["block_number", "log_index"], unique=False)
