"""A digest of each guide's source tells whether what is out must be compared with it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("guide", sa.Column("digest", sa.String(), server_default="", nullable=False))
