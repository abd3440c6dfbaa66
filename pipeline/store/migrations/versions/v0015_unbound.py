"""Deliveries are not checked against issues and subscribers, row by row, when they are planned."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

STATES = (
    "pending", "leased", "sent", "deferred", "failed", "suppressed", "cancelled", "uncertain",
)  # fmt: skip
INDEXES = (
    ("subscriber", ["subscriber_id"], None),
    ("due", ["destination", "next_at", "issue_key", "subscriber_id"],
     "state IN ('pending', 'deferred')"),
    ("leased", ["leased_by", "leased_at"], "state = 'leased'"),
)  # fmt: skip


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _write_anew()
        return
    for column in ("issue_key", "subscriber_id"):
        op.drop_constraint(f"fk_delivery_{column}", "delivery")


def _write_anew() -> None:
    """SQLite cannot drop what a table was made with."""
    op.rename_table("delivery", "delivery_before")
    for name, _, _ in INDEXES:
        op.drop_index(f"ix_delivery_{name}", "delivery_before")
    _create()
    op.execute(
        "INSERT INTO delivery SELECT * FROM delivery_before ORDER BY issue_key, subscriber_id"
    )
    op.drop_table("delivery_before")
    for name, columns, said in INDEXES:
        where = sa.text(said) if said else None
        op.create_index(f"ix_delivery_{name}", "delivery", columns, sqlite_where=where)


def _create() -> None:
    instant = sa.DateTime(timezone=True)
    states = " OR ".join(f"state = '{state}'" for state in STATES)
    op.create_table(
        "delivery",
        sa.Column("issue_key", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("slot", sa.String()),
        sa.Column("planned_at", instant),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("destination", sa.String(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", sa.Integer()),
        sa.Column("first_tried_at", instant),
        sa.Column("leased_at", instant),
        sa.Column("leased_by", sa.String()),
        sa.Column("settled_at", instant),
        sa.Column("relay", sa.String()),
        sa.Column("reply", sa.String()),
        sa.Column("run", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(states, name=op.f("ck_delivery_state_known")),
        sa.CheckConstraint("mode = 'live' OR mode = 'drip'", name=op.f("ck_delivery_mode_known")),
        sa.PrimaryKeyConstraint("issue_key", "subscriber_id", name="pk_delivery"),
        sqlite_with_rowid=False,
    )
