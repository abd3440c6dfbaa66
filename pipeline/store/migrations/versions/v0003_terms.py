"""The terms of each issue are kept, so that its words are taken apart once."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("issue", sa.Column("terms", sa.LargeBinary(), server_default="", nullable=False))
