"""The mail of an issue as it was compiled."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "compilation",
        sa.Column("issue_id", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issue.id"], name="fk_compilation_issue_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issue_id", "mode", name="pk_compilation"),
    )
