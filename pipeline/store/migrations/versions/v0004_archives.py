"""Archives of feeds, earlier slugs of guides; dates and tags of issues without thawing."""

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "archive",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ids", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "number", name="pk_archive"),
    )
    op.add_column("guide", sa.Column("former", sa.Text(), server_default="", nullable=False))
    op.add_column("issue", sa.Column("updated_at", sa.DateTime(timezone=True)))
    op.add_column("issue", sa.Column("tags", sa.Text(), server_default="", nullable=False))
    issue = sa.table(
        "issue",
        sa.column("id", sa.String()),
        sa.column("frozen", sa.Text()),
        sa.column("updated_at", sa.DateTime(timezone=True)),
        sa.column("tags", sa.Text()),
    )
    bind = op.get_bind()
    for one, frozen in bind.execute(sa.select(issue.c.id, issue.c.frozen)).all():
        said = json.loads(frozen)
        at = datetime.fromisoformat(said["updated_at"]).astimezone(UTC)
        tags = "\n".join(said.get("tags", ()))
        bind.execute(issue.update().where(issue.c.id == one).values(updated_at=at, tags=tags))
