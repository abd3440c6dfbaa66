"""delivery: named states, believable meanings, and retries that end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import delivery
from pipeline.delivery import Event, Meaning, Prefetch
from pipeline.delivery.limits import MOST_AHEAD
from pipeline.errors import TransitionError
from pipeline.model import DeliveryState, Reply

NOW = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FINAL = {
    DeliveryState.SENT,
    DeliveryState.FAILED,
    DeliveryState.SUPPRESSED,
    DeliveryState.CANCELLED,
}

details = st.tuples(st.integers(0, 7), st.integers(0, 30)).map(lambda two: f"{two[0]}.{two[1]}")
replies = st.builds(
    lambda code, detail, text, after_dot: Reply(
        code, text, f"{code // 100}.{detail}" if detail and code >= 200 else "", after_dot=after_dot
    ),
    st.one_of(st.just(0), st.integers(100, 599)),
    st.one_of(st.none(), details),
    st.sampled_from(["", "User unknown", "relay access denied", "mailbox full", "try later"]),
    st.booleans(),
)


def outcome(
    code: int, enhanced: str = "", text: str = "", *, dot: bool = False
) -> delivery.Outcome:
    """What the first attempt comes to when the relay said this."""
    reply = Reply(code, text, enhanced, after_dot=dot)
    return delivery.after(reply, attempts=1, now=NOW, key="one")


def test_every_state_can_be_reached_and_only_final_ones_cannot_be_left() -> None:
    """From pending every state can be reached; sent, failed, suppressed, cancelled are the end."""
    reached = {DeliveryState.PENDING}
    for _ in DeliveryState:
        reached |= {to for (from_, _), to in delivery.TRANSITIONS.items() if from_ in reached}
    assert reached == set(DeliveryState)
    assert {from_ for from_, _ in delivery.TRANSITIONS} == set(DeliveryState) - FINAL


@given(st.sampled_from(list(DeliveryState)), st.sampled_from(list(Event)))
def test_what_the_table_does_not_list_cannot_happen(state: DeliveryState, event: Event) -> None:
    """A listed event moves as listed; any other names the state, the event and the way out."""
    if (state, event) in delivery.TRANSITIONS:
        assert delivery.move(state, event) is delivery.TRANSITIONS[state, event]
        return
    with pytest.raises(TransitionError) as caught:
        delivery.move(state, event)
    said = str(caught.value)
    assert state.value in said
    assert event.value in said
    assert "\n" not in said


def test_an_uncertain_delivery_is_only_ever_decided() -> None:
    """From uncertain it goes to sent or back to pending: never to a sender by itself."""
    exits = {to for (from_, _), to in delivery.TRANSITIONS.items() if from_ == "uncertain"}
    assert exits == {DeliveryState.SENT, DeliveryState.PENDING}


@pytest.mark.parametrize(
    ("reply", "state", "suppress", "meaning"),
    [
        (Reply(250, "OK", "2.0.0", after_dot=True), "sent", False, Meaning.ACCEPTED),
        (Reply(550, "User unknown", "5.1.1"), "failed", True, Meaning.NO_ADDRESS),
        (Reply(553, "no such domain", "5.1.2"), "failed", True, Meaning.NO_ADDRESS),
        (Reply(556, "null MX", "5.1.10"), "failed", True, Meaning.NO_ADDRESS),
        (Reply(550, "mailbox disabled", "5.2.1"), "failed", True, Meaning.NO_ADDRESS),
        (Reply(550, "gone", "5.1.1", after_dot=True), "failed", True, Meaning.NO_ADDRESS),
        (Reply(550, "#5.1.1 rejected"), "failed", True, Meaning.NO_ADDRESS),
        (Reply(550, "No such user here"), "failed", True, Meaning.NO_ADDRESS),
        (Reply(550, "Requested action not taken"), "failed", False, Meaning.REFUSED),
        (Reply(550, "sender domain does not exist", "5.1.8"), "failed", False, Meaning.REFUSED),
        (Reply(550, "Sender rejected", "5.1.0"), "failed", False, Meaning.REFUSED),
        (Reply(550, "Sender address unknown user"), "failed", False, Meaning.REFUSED),
        (Reply(550, "from 192.5.1.1 not welcome"), "failed", False, Meaning.REFUSED),
        (Reply(550, "blocked", "5.7.1"), "deferred", False, Meaning.POLICY),
        (Reply(550, "User unknown", "5.7.1"), "deferred", False, Meaning.POLICY),
        (Reply(552, "unsafe", "5.7.0", after_dot=True), "deferred", False, Meaning.POLICY),
        (Reply(421, "rate limited", "4.7.28"), "deferred", False, Meaning.POLICY),
        (Reply(450, "greylisted", "4.7.1"), "deferred", False, Meaning.LATER),
        (Reply(451, "come back later"), "deferred", False, Meaning.LATER),
        (Reply(450, "User unknown", "4.1.1"), "deferred", False, Meaning.LATER),
        (Reply(421, "closing"), "deferred", False, Meaning.CLOSING),
        (Reply(421, "closing", after_dot=True), "deferred", False, Meaning.CLOSING),
        (Reply(552, "over quota"), "deferred", False, Meaning.FULL),
        (Reply(552, "full", "5.2.2"), "deferred", False, Meaning.FULL),
        (Reply(452, "full", "4.2.2"), "deferred", False, Meaning.FULL),
        (Reply(552, "mailbox full", after_dot=True), "deferred", False, Meaning.FULL),
        (Reply(552, "too long", after_dot=True), "failed", False, Meaning.CONTENT),
        (Reply(552, "too big", "5.3.4"), "failed", False, Meaning.CONTENT),
        (Reply(554, "looks like spam", after_dot=True), "failed", False, Meaning.CONTENT),
        (Reply(554, "a header", "5.6.0"), "failed", False, Meaning.CONTENT),
        (Reply(530, "Authentication required", "5.7.0"), "deferred", False, Meaning.RELAY),
        (Reply(503, "bad sequence", "5.5.1"), "deferred", False, Meaning.RELAY),
        (Reply(554, "Relay access denied", "5.7.1"), "deferred", False, Meaning.RELAY),
        (Reply(550, "Unable to relay", "5.7.54"), "deferred", False, Meaning.RELAY),
        (Reply(252, "cannot verify"), "deferred", False, Meaning.RELAY),
        (Reply(0, "connection reset"), "deferred", False, Meaning.BROKEN),
        (Reply(0, "connection reset", after_dot=True), "uncertain", False, Meaning.UNKNOWN),
        (Reply(354, "go ahead", after_dot=True), "uncertain", False, Meaning.UNKNOWN),
    ],
)
def test_a_reply_means_what_the_rfcs_and_the_field_say(
    reply: Reply, state: str, suppress: bool, meaning: Meaning
) -> None:
    """Only a clear word about the reader's own address suppresses it; the rest blames nobody."""
    found = delivery.after(reply, attempts=1, now=NOW)
    assert (found.state.value, found.suppress, found.meaning) == (state, suppress, meaning)
    assert found.why.startswith(meaning.value)


@given(replies, st.integers(1, 40), st.text(max_size=8))
def test_any_reply_ends_in_a_state_that_adds_up(reply: Reply, attempts: int, key: str) -> None:
    """The state follows from leased; there is a next time iff deferred; blame is never guessed."""
    found = delivery.after(reply, attempts=attempts, now=NOW, key=key)
    exits = {to for (from_, _), to in delivery.TRANSITIONS.items() if from_ == "leased"}
    assert found.state in exits
    assert (found.next_at is not None) == (found.state is DeliveryState.DEFERRED)
    assert found.next_at is None or found.next_at > NOW
    assert (found.state is DeliveryState.SENT) == (reply.after_dot and reply.code // 100 == 2)
    assert (found.state is DeliveryState.UNCERTAIN) == (
        reply.after_dot and reply.code // 100 in {0, 1, 3}
    )
    if found.suppress:
        assert found.state is DeliveryState.FAILED
        assert reply.code >= 500
        assert ".7." not in reply.enhanced
    assert "\n" not in found.why
    assert delivery.after(reply, attempts=attempts, now=NOW, key=key) == found


def test_retries_come_at_growing_intervals_and_end_within_72_hours() -> None:
    """5, 15, 45 min, 2, 4, 8 h, then every 8 h; each a fifth off at most; then it has failed."""
    minutes = [5, 15, 45, 120, 240, 480, 480, 480, 480, 480, 480, 480, 480]
    now, attempts = NOW, 1
    reply = Reply(451, "later")
    for nominal in minutes:
        found = delivery.after(reply, attempts=attempts, now=now, key="a 1")
        assert found.next_at is not None
        assert 0.8 * nominal <= (found.next_at - now) / timedelta(minutes=1) <= 1.2 * nominal
        now, attempts = found.next_at, attempts + 1
    last = delivery.after(reply, attempts=attempts, now=now, key="a 1")
    assert (last.state, last.suppress) == (DeliveryState.FAILED, False)
    assert "72 hours" in last.why


def test_patience_counts_from_the_first_attempt_when_it_is_known() -> None:
    """A retry that would fall beyond 72 hours after the first attempt is not planned."""
    reply = Reply(452, "full", "4.2.2")
    early = delivery.after(reply, attempts=6, now=NOW, first_at=NOW - 63 * HOUR)
    late = delivery.after(reply, attempts=6, now=NOW, first_at=NOW - 65 * HOUR)
    assert early.state is DeliveryState.DEFERRED
    assert late.state is DeliveryState.FAILED


def test_deferred_mail_spreads_out() -> None:
    """The waits of a thousand deliveries lie all over the range, and not on one instant."""
    waits = [delivery.wait(3, str(number)) / timedelta(minutes=45) for number in range(1000)]
    assert 0.8 <= min(waits) < 0.81
    assert 1.19 < max(waits) <= 1.2
    assert 0.98 < sum(waits) / 1000 < 1.02


def test_a_relay_that_closed_is_left_alone_for_five_minutes() -> None:
    """After 421 no jitter brings the next attempt nearer than the cool-down."""
    for number in range(50):
        found = delivery.after(Reply(421, "bye"), attempts=1, now=NOW, key=str(number))
        assert found.next_at is not None
        assert found.next_at >= NOW + delivery.COOL_DOWN


def test_the_reason_is_one_line_for_a_person() -> None:
    """Meaning, code, and what follows."""
    assert outcome(452, "4.2.2").why == "mailbox full (452 4.2.2): will be tried again"
    assert outcome(550, "5.1.1").why == "no such address (550 5.1.1): not tried again"
    assert (
        outcome(0, dot=True).why
        == "no answer to the final dot: may have arrived, so not sent again by itself"
    )


SPANS = st.tuples(st.integers(0, 10_000), st.floats(0, 30, allow_nan=False))


@given(connections=st.integers(1, 100), is_alone=st.booleans(), spans=st.lists(SPANS))
def test_a_relay_is_given_neither_too_little_nor_too_much(
    connections: int, is_alone: bool, spans: list[tuple[int, float]]
) -> None:
    """Whatever it does: at least one message a connection, at most twice as much as before."""
    ahead, taken, now = Prefetch(connections, is_alone=is_alone), 0, 0.0
    for more, seconds in spans:
        before, taken, now = ahead.count, taken + more, now + seconds
        ahead.learn(taken, now)
        assert connections <= ahead.count <= max(connections, MOST_AHEAD)
        assert ahead.count <= 2 * before


@given(st.integers(1, 1_000), st.integers(1, 1_000), st.booleans())
def test_a_relay_is_given_a_moment_of_work(before: int, after: int, is_alone: bool) -> None:
    """When its pace changes, what it is given follows within a few looks."""
    ahead, taken, now = Prefetch(1, is_alone=is_alone), 0, 0.0
    seconds = 0.5 if is_alone else 5
    for rate in (before, after):
        for _ in range(12):
            taken, now = taken + rate, now + 1
            ahead.learn(taken, now)
        assert ahead.count == min(max(1, int(rate * seconds)), MOST_AHEAD)
