"""Deliveries name their issue by a number, and leave to it what is the same in all of its rows."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

STATES = (
    "pending", "leased", "sent", "deferred", "failed", "suppressed", "cancelled", "uncertain",
)  # fmt: skip
INDEXES = (
    ("subscriber", ["subscriber_id"], None),
    ("due", ["destination", "next_at", "issue_key", "subscriber_id"],
     "state IN ('pending', 'deferred')"),
    ("leased", ["leased_by", "leased_at"], "state = 'leased'"),
)  # fmt: skip
KEPT = (
    "subscriber_id, mode, state, destination, attempts, first_tried_at, leased_at, leased_by,"
    " settled_at, relay, reply, run"
)


def upgrade() -> None:
    _number_issues()
    _make_way()
    _create()
    _fill()
    op.drop_table("delivery_before")
    for name, columns, said in INDEXES:
        _index(f"ix_delivery_{name}", "delivery", columns, said)
    _index("ix_subscriber_hour", "subscriber", ["zone", "hour"], "hour IS NOT NULL")


def _number_issues() -> None:
    """Give issues their keys in the order of their release."""
    key = sa.Column("key", sa.Integer(), server_default=sa.text("0"), nullable=False)
    op.add_column("issue", key)
    op.execute(
        "UPDATE issue SET key = numbered.place FROM (SELECT id, row_number() OVER"
        " (ORDER BY released_at, guide, number) AS place FROM issue) AS numbered"
        " WHERE issue.id = numbered.id"
    )
    op.create_index("ix_issue_key", "issue", ["key"], unique=True)


def _make_way() -> None:
    op.rename_table("delivery", "delivery_before")
    for name, _, _ in INDEXES:
        op.drop_index(f"ix_delivery_{name}", "delivery_before")
    if not _is_sqlite():  # where the index of a key has a name among all others
        op.drop_constraint("pk_delivery", "delivery_before")


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
        sa.Column("next_at", sa.Integer() if _is_sqlite() else instant),
        sa.Column("first_tried_at", instant),
        sa.Column("leased_at", instant),
        sa.Column("leased_by", sa.String()),
        sa.Column("settled_at", instant),
        sa.Column("relay", sa.String()),
        sa.Column("reply", sa.String()),
        sa.Column("run", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(states, name=op.f("ck_delivery_state_known")),
        sa.CheckConstraint("mode = 'live' OR mode = 'drip'", name=op.f("ck_delivery_mode_known")),
        sa.ForeignKeyConstraint(["issue_key"], ["issue.key"], name="fk_delivery_issue_key"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscriber.id"],
            name="fk_delivery_subscriber_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("issue_key", "subscriber_id", name="pk_delivery"),
        sqlite_with_rowid=False,
    )


def _fill() -> None:
    """Move all rows, each issue's together; what the issue says as well is left out.

    On SQLite they say when they are due in microseconds.
    """
    kept = ", ".join(f"d.{column}" for column in KEPT.split(", "))
    same = "d.mode = 'live' AND d.slot = issue.slot AND d.planned_at = issue.released_at"
    due = "strftime('%s', substr(d.next_at, 1, 19)) * 1000000 + substr(d.next_at, 21, 6)"
    op.execute(
        f"INSERT INTO delivery (issue_key, slot, planned_at, next_at, {KEPT})"  # noqa: S608 -- ours
        f" SELECT issue.key, CASE WHEN {same} THEN NULL ELSE d.slot END,"
        f" CASE WHEN {same} THEN NULL ELSE d.planned_at END,"
        f" {due if _is_sqlite() else 'd.next_at'}, {kept}"
        " FROM issue JOIN delivery_before AS d ON d.issue_id = issue.id"
        " ORDER BY issue.key, d.subscriber_id"
    )


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _index(name: str, table: str, columns: list[str], said: str | None) -> None:
    condition = sa.text(said) if said else None
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
