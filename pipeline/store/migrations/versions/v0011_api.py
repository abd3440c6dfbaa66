"""For programs: tokens of the API, answers that are given again, webhooks; events of issues."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    _widen_events(instant)
    op.create_table(
        "api_token",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("expires_at", instant),
        sa.PrimaryKeyConstraint("name", name="pk_api_token"),
        sa.UniqueConstraint("digest", name="uq_api_token_digest"),
    )
    op.create_table(
        "api_answer",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("location", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("token", "key", name="pk_api_answer"),
    )
    op.create_index("ix_api_answer_at", "api_answer", ["at"])
    op.create_table(
        "webhook",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", instant),
        sa.Column("failing_since", instant),
        sa.Column("said", sa.String(), server_default="", nullable=False),
        sa.Column("skipped", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_webhook"),
    )


def _widen_events(instant: sa.DateTime) -> None:
    """Let an event be about an issue; SQLite gives no number of one a second time from now on."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("event", "subscriber_id", nullable=True)
        issue = sa.Column("issue_id", sa.String(), server_default="", nullable=False)
        op.add_column("event", issue)
        return
    op.rename_table("event", "event_before")
    op.drop_index("ix_event_subscriber_id", "event_before")
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer()),
        sa.Column("at", instant, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("guide", sa.String(), server_default="", nullable=False),
        sa.Column("detail", sa.String(), server_default="", nullable=False),
        sa.Column("issue_id", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_event_subscriber_id", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    columns = "id, subscriber_id, at, kind, guide, detail"
    op.execute(f"INSERT INTO event ({columns}) SELECT {columns} FROM event_before")  # noqa: S608
    op.drop_table("event_before")
    op.create_index("ix_event_subscriber_id", "event", ["subscriber_id"])
