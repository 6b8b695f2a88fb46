"""Seals, claims, lines, and what they do to results and models.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Deployments of before had no disputes: nothing was voided, and nobody looks for windows that are open.
    op.add_column("results", sa.Column("costs", sa.Text(), server_default="0", nullable=False))
    op.add_column("results", sa.Column("window_ends", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index(op.f("ix_results_window_ends"), "results", ["window_ends"], unique=False)
    op.add_column("models", sa.Column("invalidated_block", sa.BigInteger(), nullable=True))
    op.add_column("models", sa.Column("invalidated_log", sa.Integer(), nullable=True))
    _seals()
    _claims()
    _lines()
    op.create_table(
        "answers",
        sa.Column("block_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["block_number", "log_index"],
            ["events.block_number", "events.log_index"],
            name=op.f("fk_answers_block_number_log_index"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("block_number", "log_index", name=op.f("pk_answers")),
        comment="The leaves that answers hold, up to 32 KiB each; the events are kept without them.",
    )
    op.create_index(op.f("ix_answers_line_round"), "answers", ["line", "round"], unique=False)


def _seals() -> None:
    op.create_table(
        "seals",
        sa.Column("claimer", sa.Text(), nullable=False),
        sa.Column("seal", sa.Text(), nullable=False),
        sa.Column("bond", sa.Text(), nullable=False),
        sa.Column("claim", sa.BigInteger(), nullable=True),
        sa.Column("sealed_block", sa.BigInteger(), nullable=False),
        sa.Column("sealed_log", sa.Integer(), nullable=False),
        sa.Column("revealed_block", sa.BigInteger(), nullable=True),
        sa.Column("revealed_log", sa.Integer(), nullable=True),
        sa.Column("burned_block", sa.BigInteger(), nullable=True),
        sa.Column("burned_log", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("claimer", "seal", name=op.f("pk_seals")),
    )


def _claims() -> None:
    op.create_table(
        "claims",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("item", sa.BigInteger(), nullable=False),
        sa.Column("claimer", sa.Text(), nullable=False),
        sa.Column("seal", sa.Text(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Integer(), nullable=False),
        sa.Column("bond", sa.Text(), nullable=False),
        sa.Column("cost", sa.Text(), nullable=False),
        sa.Column("charged", sa.Text(), nullable=False),
        sa.Column("upholdable_at", sa.BigInteger(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("trace_digest", sa.Text(), nullable=False),
        sa.Column("revealed_block", sa.BigInteger(), nullable=False),
        sa.Column("revealed_log", sa.Integer(), nullable=False),
        sa.Column("ended_block", sa.BigInteger(), nullable=True),
        sa.Column("ended_log", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
    )
    for name in ("job", "state", "claimer", "trace_digest"):
        op.create_index(op.f(f"ix_claims_{name}"), "claims", [name], unique=False)


def _lines() -> None:
    op.create_table(
        "lines",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("claim", sa.BigInteger(), nullable=True),
        sa.Column("item", sa.BigInteger(), nullable=False),
        sa.Column("opener", sa.Text(), nullable=False),
        sa.Column("subject", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("ending", sa.Integer(), nullable=False),
        sa.Column("repaid", sa.Text(), nullable=False),
        sa.Column("forfeited", sa.Text(), nullable=False),
        sa.Column("opened_block", sa.BigInteger(), nullable=False),
        sa.Column("opened_log", sa.Integer(), nullable=False),
        sa.Column("closed_block", sa.BigInteger(), nullable=True),
        sa.Column("closed_log", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lines")),
    )
    for name in ("job", "claim", "turn", "opener"):
        op.create_index(op.f(f"ix_lines_{name}"), "lines", [name], unique=False)
