"""Bounces and complaints: what is believed, and what follows."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import jobs, mail, store
from pipeline.app import App, open_site
from pipeline.delivery import BounceKind, read_bounces
from pipeline.model import SubscriberStatus
from tests.sites import SETTINGS, make_site, outbox, run_once, subscribe, write_guide

MONDAY = "2026-03-09T09:05+01:00"
BACK = '\n[bounces]\naddress = "bounces@news.example.org"\n'


def report(
    status: str, said: str, *, to: str = "bounces@news.example.org", action: str = "failed",
    original: str = "Message-ID: <x@example.org>\nSubject: A part\n",
) -> bytes:  # fmt: skip
    """A delivery status notification as RFC 3464 has it."""
    fields = (
        "Reporting-MTA: dns; relay.example.org\n\n"
        f"Final-Recipient: rfc822; a@example.org\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {said}\n"
    )
    return _multipart("delivery-status", to, fields, original)


def complaint(original: str, kind: str = "abuse") -> bytes:
    """A feedback report as RFC 5965 has it."""
    fields = f"Feedback-Type: {kind}\nOriginal-Rcpt-To: a@example.org\nVersion: 1\n"
    return _multipart("feedback-report", "bounces@news.example.org", fields, original)


def _multipart(kind: str, to: str, fields: str, original: str) -> bytes:
    return (
        f"From: MAILER-DAEMON@relay.example.org\nTo: {to}\nSubject: Undelivered Mail\n"
        "Message-ID: <report@relay.example.org>\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nSomething happened.\n\n"
        f"--b\nContent-Type: message/{kind}\n\n{fields}\n"
        f"--b\nContent-Type: text/rfc822-headers\n\n{original}\n--b--\n"
    ).encode()


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        ("5.1.1", "550 5.1.1 no such user here", BounceKind.HARD),
        ("5.0.0", "550 5.1.1 user unknown", BounceKind.HARD),
        ("5.2.2", "552 5.2.2 mailbox full", BounceKind.SOFT),
        ("5.1.1", "552 5.2.2 over quota", BounceKind.SOFT),
        ("5.7.1", "550 5.7.1 blocked by policy", BounceKind.SOFT),
        ("4.4.1", "connection timed out", BounceKind.SOFT),
        ("5.6.0", "554 5.6.0 content refused", BounceKind.SOFT),
    ],
)
def test_only_a_missing_address_is_hard(status: str, said: str, kind: BounceKind) -> None:
    """A report is hard when its own words say that the address does not exist, else soft."""
    (found,) = read_bounces(report(status, said))
    assert (found.kind, found.address) == (kind, "a@example.org")
    assert found.message_id == "<x@example.org>"


def test_a_delay_is_no_failure() -> None:
    """A report that somebody goes on trying blames nobody."""
    (found,) = read_bounces(report("4.4.1", "later", action="delayed"))
    assert found.kind is BounceKind.DELAYED


def test_a_vacation_says_nothing() -> None:
    """An answer by a machine of the reader's is no report, even where it names an error."""
    answer = EmailMessage()
    answer["From"], answer["To"] = "a@example.org", "bounces@news.example.org"
    answer["Subject"], answer["Auto-Submitted"] = "Out of office", "auto-replied"
    answer.set_content("I am away. 550 5.1.1 user unknown a@example.org")
    assert read_bounces(answer.as_bytes()) == ()


@given(st.binary(max_size=2000))
def test_nothing_that_arrives_breaks_the_reading(raw: bytes) -> None:
    """Any bytes are read; what is no report says nothing that could cost a subscription."""
    assert all(one.kind is not BounceKind.COMPLAINT for one in read_bounces(raw))


@given(st.integers(0, 2**40), st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=32, max_size=32))
def test_a_return_path_is_read_back(subscriber_id: int, name: str) -> None:
    """The token of a return path names the subscriber and the message; it is a short address."""
    path = mail.return_path("bounces@news.example.org", subscriber_id, f"<{name}@example.org>")
    assert len(path.partition("@")[0]) <= 64
    (found,) = read_bounces(report("5.1.1", "550 5.1.1 unknown", to=path))
    number, _, tag = found.token.partition("-")
    assert (int(number, 36), tag) == (subscriber_id, name[:16])


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site whose first issue has gone to two people, with return paths of its own."""
    made = make_site(tmp_path / "site", SETTINGS + BACK)
    write_guide(made)
    for name in ("a", "b"):
        subscribe(made, f"{name}@example.org", MONDAY)
    run_once(made, MONDAY)
    return made


def return_paths(site: Path) -> dict[str, str]:
    """Recipient -> the return path of their message."""
    found = {}
    for path in (site / "var/outbox/new").iterdir():
        lines = path.read_text().splitlines()
        found[lines[1].partition(": ")[2]] = lines[0].partition("<")[2].rstrip(">")
    return found


def status_of(app: App, address: str) -> SubscriberStatus:
    """Whether somebody may be mailed."""
    with app.desk.store.read() as tx:
        person = store.subscribers.by_address(tx, address)
    assert person is not None
    return person.status


def test_a_hard_bounce_suppresses_whom_it_names(site: Path) -> None:
    """By its return path alone; read again it changes nothing; the story tells it."""
    raw = report("5.1.1", "550 5.1.1 unknown", to=return_paths(site)["a@example.org"])
    with open_site(site, MONDAY) as app:
        now = app.desk.clock()
        first = jobs.learn(app.desk, [raw], now)
        again = jobs.learn(app.desk, [raw], now)
        assert (dict(first.kinds), first.suppressed, first.ignored) == ({BounceKind.HARD: 1}, 1, 0)
        assert (dict(again.kinds), again.suppressed, again.ignored) == ({}, 0, 0)
        assert status_of(app, "a@example.org") is SubscriberStatus.SUPPRESSED
        assert status_of(app, "b@example.org") is SubscriberStatus.ACTIVE
        told = jobs.story(app.desk, "a@example.org", "water", 1)
    assert [one.what for one in told.happenings][-1] == "came back, hard: 5.1.1 550 5.1.1 unknown"
    assert "not mailed any more" in told.verdict


def test_a_complaint_is_believed_by_its_message_id(site: Path) -> None:
    """Feedback that quotes the head of our message suppresses its reader at once."""
    with open_site(site, MONDAY) as app:
        name = jobs.story(app.desk, "a@example.org", "water", 1).message_id
        raw = complaint(f"Message-ID: {name}\nSubject: A part\n")
        assert jobs.learn(app.desk, [raw], app.desk.clock()).suppressed == 1
        assert status_of(app, "a@example.org") is SubscriberStatus.SUPPRESSED


def test_what_names_no_message_of_ours_is_ignored(site: Path) -> None:
    """A report that anybody could make up, with a guessed token or none, stops nobody's mail."""
    forged = [
        report("5.1.1", "550 5.1.1 unknown"),
        report("5.1.1", "550 5.1.1 unknown", to="bounces+1-aaaaaaaaaaaaaaaa@news.example.org"),
        report("5.1.1", "550 5.1.1 unknown", to="bounces+zzzzzzzzzzzzzz-aaaaaaaaaaaaaaaa@x.org"),
        complaint("Message-ID: <x@example.org>\n"),
        b"",
    ]
    with open_site(site, MONDAY) as app:
        found = jobs.learn(app.desk, forged, app.desk.clock())
        assert (dict(found.kinds), found.suppressed, found.ignored) == ({}, 0, 5)
        assert status_of(app, "a@example.org") is SubscriberStatus.ACTIVE


def test_a_full_mailbox_is_out_after_five_parts(tmp_path: Path) -> None:
    """Soft bounces of five issues over more than three days end it; four do not."""
    site = make_site(tmp_path / "site", SETTINGS + BACK)
    write_guide(
        site, parts=6, front="cadence: daily 09:00\nzone: Europe/Berlin\nstart: 2026-03-09\n"
    )
    subscribe(site, "a@example.org", MONDAY)
    for day in range(9, 14):
        moment = f"2026-03-{day:02}T09:05+01:00"
        run_once(site, moment)
        with open_site(site, moment) as app:
            name = jobs.story(app.desk, "a@example.org", "water", day - 8).message_id
            raw = report("5.2.2", "552 5.2.2 full", original=f"Message-ID: {name}\n")
            found = jobs.learn(app.desk, [raw], app.desk.clock() + timedelta(hours=1))
            assert found.suppressed == (day == 13)


def test_a_mailbox_is_read_each_tick(site: Path) -> None:
    """What lies in the Maildir of the settings is learnt, once, and kept as seen."""
    box = site / "var" / "back"
    for name in ("new", "cur"):
        (box / name).mkdir(parents=True)
    settings = site / "partwork.toml"
    settings.write_text(settings.read_text() + 'maildir = "var/back"\n')
    raw = report("5.1.1", "550 5.1.1 unknown", to=return_paths(site)["a@example.org"])
    (box / "new" / "1").write_bytes(raw)
    first, second = run_once(site, MONDAY), run_once(site, MONDAY)
    assert (first.came_back.suppressed, second.came_back.suppressed) == (1, 0)
    assert [path.name for path in (box / "cur").iterdir()] == ["1:2,S"]
    (box / "new").rmdir()
    third = run_once(site, MONDAY)
    assert third.is_partial
    assert "[bounces] maildir" in third.came_back.problems[0]


def asking(to: str, subject: str = "unsubscribe", **more: str) -> bytes:
    """What a mail program sends where somebody presses its button."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@elsewhere.example", to, subject
    for name, value in more.items():
        message[name.replace("_", "-")] = value
    message.set_content("\n")
    return message.as_bytes()


def test_a_mail_to_the_address_of_the_head_leaves_the_guide(site: Path) -> None:
    """List-Unsubscribe names an address of each message; one mail to it ends it, twice is once."""
    mails = {one["To"]: one for one in outbox(site)}
    offered = re.findall(r"<([^>]*)>", mails["a@example.org"]["List-Unsubscribe"])
    assert [one.partition(":")[0] for one in offered] == ["https", "mailto"]
    to, _, asked = offered[1].removeprefix("mailto:").partition("?subject=")
    assert (to, asked) == (return_paths(site)["a@example.org"], "unsubscribe")
    with open_site(site, MONDAY) as app:
        now = app.desk.clock()
        found = jobs.learn(app.desk, [asking(to, "Unsubscribe"), asking(to)], now)
        assert (dict(found.kinds), found.ignored) == ({BounceKind.UNSUBSCRIBE: 2}, 0)
        with app.desk.store.read() as tx:
            mine, others = (store.subscribers.subscriptions(tx, each) for each in (1, 2))
            events = [one.kind.value for one in store.events.of_subscriber(tx, 1)]
        assert [one.guide for one in mine if one.ended_at] == ["water"]
        assert not any(one.ended_at for one in others)
        assert events == ["left"]
        assert status_of(app, "a@example.org") is SubscriberStatus.ACTIVE


def test_no_machine_leaves_for_somebody(site: Path) -> None:
    """An automatic answer, another subject, a made-up address: nobody has left."""
    to = return_paths(site)["a@example.org"]
    wrong = [
        asking(to, Auto_Submitted="auto-replied"),
        asking(to, "Re: unsubscribe"),
        asking("bounces@news.example.org"),
        asking("bounces+1-aaaaaaaaaaaaaaaa@news.example.org"),
    ]
    with open_site(site, MONDAY) as app:
        assert dict(jobs.learn(app.desk, wrong, app.desk.clock()).kinds) == {}
        with app.desk.store.read() as tx:
            assert not any(one.ended_at for one in store.subscribers.subscriptions(tx, 1))


def test_a_pipe_from_the_mail_server(site: Path) -> None:
    """`partwork delivery bounces --stdin` learns from one message."""
    raw = report("5.1.1", "550 5.1.1 unknown", to=return_paths(site)["b@example.org"])
    command = [sys.executable, "-m", "pipeline", "--site", str(site), "delivery", "bounces"]
    done = subprocess.run([*command, "--stdin"], input=raw, capture_output=True, check=True)  # noqa: S603 -- ours
    assert done.stdout.decode().strip() == "1 hard; 1 not mailed any more"
