"""Joining, pausing and leaving by oneself: signups, letters, events, suppressions."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.add_column("subscription", sa.Column("paused_until", instant))
    op.add_column("subscription", sa.Column("floor_at", instant))
    for table in ("subscription", "delivery"):
        run = sa.Column("run", sa.Integer(), server_default=sa.text("1"), nullable=False)
        op.add_column(table, run)
    op.create_table(
        "signup",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("limited_by", sa.String(), nullable=False),
        sa.Column("guide", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("cadence", sa.String(), server_default="", nullable=False),
        sa.Column("zone", sa.String(), server_default="", nullable=False),
        sa.Column("hour", sa.Integer()),
        sa.Column("lang", sa.String(), server_default="", nullable=False),
        sa.Column("terms", sa.String(), nullable=False),
        sa.Column("answered_at", instant),
        sa.PrimaryKeyConstraint("id", name="pk_signup"),
    )
    op.create_index("ix_signup_at", "signup", ["at"])
    op.create_table(
        "letter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subscriber_id", sa.Integer()),
        sa.Column("signup_id", sa.String()),
        sa.Column("guide", sa.String(), nullable=False),
        sa.Column("limited_by", sa.String(), server_default="", nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", instant),
        sa.Column("settled_at", instant),
        sa.Column("reply", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_letter"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_letter_subscriber_id", ondelete="CASCADE"
        ),
    )
    for column in ("subscriber_id", "limited_by", "created_at"):
        op.create_index(f"ix_letter_{column}", "letter", [column])
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("guide", sa.String(), server_default="", nullable=False),
        sa.Column("detail", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_event_subscriber_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_event_subscriber_id", "event", ["subscriber_id"])
    op.create_table(
        "suppression",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_suppression"),
    )
