"""An index of all that planning asks; none of deliveries by reader; instants counted on SQLite."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

STATES = (
    "pending", "leased", "sent", "deferred", "failed", "suppressed", "cancelled", "uncertain",
)  # fmt: skip
INDEXES = (
    ("due", ["destination", "next_at", "issue_key", "subscriber_id"],
     "state IN ('pending', 'deferred')"),
    ("leased", ["leased_by", "leased_at"], "state = 'leased'"),
)  # fmt: skip
COUNTED = ("first_tried_at", "leased_at", "settled_at")
KEPT = (
    "issue_key, subscriber_id, mode, slot, planned_at, state, destination, attempts, next_at,"
    " leased_by, relay, reply, run"
)


def upgrade() -> None:
    op.drop_index("ix_subscription_guide_mode", "subscription")
    asked = ["guide", "mode", "subscriber_id", "ended_at", "paused_until"]
    op.create_index("ix_subscription_audience", "subscription", asked)
    op.drop_index("ix_delivery_subscriber", "delivery")
    if op.get_bind().dialect.name == "sqlite":
        _write_anew()


def _write_anew() -> None:
    """SQLite keeps instants as text in columns that were made for text."""
    op.rename_table("delivery", "delivery_before")
    for name, _, _ in INDEXES:
        op.drop_index(f"ix_delivery_{name}", "delivery_before")
    _create()
    counted = ", ".join(
        f"strftime('%s', substr({one}, 1, 19)) * 1000000 + substr({one}, 21, 6)" for one in COUNTED
    )
    op.execute(
        f"INSERT INTO delivery ({KEPT}, {', '.join(COUNTED)})"  # noqa: S608 -- ours
        f" SELECT {KEPT}, {counted} FROM delivery_before ORDER BY issue_key, subscriber_id"
    )
    op.drop_table("delivery_before")
    for name, columns, said in INDEXES:
        op.create_index(f"ix_delivery_{name}", "delivery", columns, sqlite_where=sa.text(said))


def _create() -> None:
    states = " OR ".join(f"state = '{state}'" for state in STATES)
    op.create_table(
        "delivery",
        sa.Column("issue_key", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("slot", sa.String()),
        sa.Column("planned_at", sa.DateTime(timezone=True)),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("destination", sa.String(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", sa.Integer()),
        sa.Column("first_tried_at", sa.Integer()),
        sa.Column("leased_at", sa.Integer()),
        sa.Column("leased_by", sa.String()),
        sa.Column("settled_at", sa.Integer()),
        sa.Column("relay", sa.String()),
        sa.Column("reply", sa.String()),
        sa.Column("run", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(states, name=op.f("ck_delivery_state_known")),
        sa.CheckConstraint("mode = 'live' OR mode = 'drip'", name=op.f("ck_delivery_mode_known")),
        sa.PrimaryKeyConstraint("issue_key", "subscriber_id", name="pk_delivery"),
        sqlite_with_rowid=False,
    )
