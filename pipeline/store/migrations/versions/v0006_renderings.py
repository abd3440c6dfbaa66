"""What has been published from which state; versions of guides' issues."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column(
        "guide", sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.create_table(
        "rendering",
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("folder", name="pk_rendering"),
    )
