"""What was proven of results.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Deployments of before took optimistic jobs alone: nothing was proven.
    op.add_column("results", sa.Column("verifier", sa.Text(), nullable=True))
    op.add_column("results", sa.Column("decisions", sa.Text(), nullable=True))
