"""Searching what is out: FTS5 on SQLite, a GIN index on PostgreSQL."""

from alembic import op

from pipeline.store.searching import POSTGRESQL, SQLITE

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    made = SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL
    for statement in made:
        op.execute(statement)
