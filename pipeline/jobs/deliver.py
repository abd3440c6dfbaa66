"""One pass of sending: settles what senders left behind, compiles what is due, sends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipeline import mail, store, trust
from pipeline.errors import FileError, PartworkError, RelayError, StoreError
from pipeline.jobs import sending
from pipeline.jobs.addressing import compiled_for
from pipeline.jobs.desk import Desk
from pipeline.jobs.dispatch import Dispatch
from pipeline.jobs.helpers import Crew, helped
from pipeline.jobs.recover import recover
from pipeline.model import DeliveryState, Mode


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What became of the messages that were due."""

    states: Mapping[DeliveryState, int] = field(default_factory=dict)
    """How many deliveries ended in each state in this pass."""
    problems: tuple[str, ...] = ()
    """What kept messages from going out, a line each."""
    is_unfinished: bool = False
    """Whether the pass ended because it had lasted long enough."""

    @property
    def sent(self) -> int:
        """How many were accepted."""
        return self.states.get(DeliveryState.SENT, 0)


def deliver(desk: Desk, now: datetime) -> DeliverReport:
    """Send everything that is due now, and say what became of it.

    Raises:
        UsageError: The clock says what cannot be.
    """
    sending.check_clock(now)
    states = recover(desk, now)
    states.pop(DeliveryState.PENDING, None)
    try:
        desk, _ = sending.allowed(desk)
    except (StoreError, FileError) as error:
        return DeliverReport(states, (str(error),))
    if not desk.transports:
        return DeliverReport(states)
    compiled, problems = prepare(desk, now)
    if not compiled:
        return DeliverReport(states, tuple(problems))
    dispatch, crew = Dispatch(desk, compiled), Crew()
    try:
        with sending.counted(desk), helped(desk, now) as crew:
            dispatch.run()
    except (StoreError, FileError, RelayError) as error:
        problems.append(str(error))
    for state, number in (dispatch.states + crew.states).items():
        states[state] = states.get(state, 0) + number
    told = dict.fromkeys((*problems, *dispatch.problems, *crew.problems))
    return DeliverReport(states, tuple(told), dispatch.is_unfinished or crew.is_unfinished)


def prepare(desk: Desk, now: datetime) -> tuple[dict[tuple[str, Mode], mail.Compiled], list[str]]:
    """Each due issue compiled once a mode, and kept for other senders; and what was wrong.

    An issue that cannot be compiled is left out whole.
    """
    with desk.store.read() as tx:
        due = store.deliveries.due_issues(tx, now)
    compiled: dict[tuple[str, Mode], mail.Compiled] = {}
    problems: dict[str, str] = {}
    for issue_id, mode in due:
        with desk.store.read() as tx:
            issue = store.issues.by_id(tx, issue_id)
        if issue is None:
            continue
        if trust.is_held(issue.profile, issue.trust, now.date()):
            problems[issue_id] = f"{issue.path}: not mailed: its review is overdue; renew it"
            continue
        try:
            compiled[issue_id, mode] = compiled_for(desk, issue, mode)
        except PartworkError as error:
            problems[issue_id] = f"{issue.path}: not mailed: {error}"
    whole = {key: one for key, one in compiled.items() if key[0] not in problems}
    return whole, list(problems.values())
