"""Where mail goes and what holds it up: domains, destinations, relays, pauses, throttles."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

WAITING = sa.text("state IN ('pending', 'deferred')")
LEASED = sa.text("state = 'leased'")


def upgrade() -> None:
    op.add_column("issue", sa.Column("paused", sa.String(), nullable=True))
    op.add_column("subscriber", sa.Column("domain", sa.String(), server_default="", nullable=False))
    key = sa.column("address_key", sa.String())
    at = sa.func.instr if op.get_bind().dialect.name == "sqlite" else sa.func.strpos
    domain = sa.func.substr(key, at(key, "@") + 1)
    op.execute(sa.update(sa.table("subscriber", key, sa.column("domain"))).values(domain=domain))
    op.add_column(
        "delivery", sa.Column("destination", sa.String(), server_default="", nullable=False)
    )
    op.add_column("delivery", sa.Column("relay", sa.String(), nullable=True))
    for name, column in (("due", "next_at"), ("leased", "leased_at")):
        op.drop_index(f"ix_delivery_{name}", table_name="delivery", if_exists=True)
        condition = WAITING if name == "due" else LEASED
        columns = ["destination", column] if name == "due" else ["leased_by", column]
        op.create_index(
            f"ix_delivery_{name}",
            "delivery",
            columns,
            sqlite_where=condition,
            postgresql_where=condition,
        )
    op.create_table(
        "throttle",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("share", sa.Float(), server_default=sa.text("1"), nullable=False),
        sa.Column("strikes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.String(), server_default="", nullable=False),
        sa.Column("day", sa.String(), server_default="", nullable=False),
        sa.Column("sent", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_throttle"),
    )
