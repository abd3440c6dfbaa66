"""smtp: one relay, spoken to for real on the loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from pipeline.errors import RelayError
from pipeline.model import Message
from pipeline.smtp import Relay, RelayOptions


class Sink:
    """Keeps what it accepted; refuses recipients whose name says so."""

    def __init__(self) -> None:
        self.accepted: list[tuple[str, list[str], bytes]] = []

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take the recipient, or refuse it."""
        if address.startswith("nobody"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep the message, or refuse it."""
        if b"refuse me" in envelope.content:
            return "554 5.6.0 refused"
        self.accepted.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 2.0.0 accepted"


@contextmanager
def sink() -> Iterator[tuple[Sink, Relay]]:
    """A running SMTP server that keeps what it accepts, and a relay that leads there."""
    handler = Sink()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(handler, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield handler, Relay(RelayOptions("127.0.0.1", port), "news.example.org", Path())
    finally:
        server.stop()


def message(to: str, text: bytes = b"Hello.\r\n") -> Message:
    """A small message for somebody."""
    return Message("tag:i", 1, "<1@example.org>", "news@example.org", to, b"To: x\r\n\r\n" + text)


def test_what_is_sent_is_what_arrives() -> None:
    """Envelope and bytes arrive unchanged, leading dots included, several on one connection."""
    text = b".one dot\r\n..two dots\r\n.\r\nend\r\n"
    with sink() as (handler, relay), relay.connect() as session:
        replies = [session.send(message(f"r{n}@example.org", text)) for n in range(3)]
    assert [(reply.code, reply.enhanced, reply.after_dot) for reply in replies] == [
        (250, "2.0.0", True)
    ] * 3
    assert [rcpt for _, rcpt, _ in handler.accepted] == [[f"r{n}@example.org"] for n in range(3)]
    assert {content for *_, content in handler.accepted} == {b"To: x\r\n\r\n" + text}


def test_a_refusal_concerns_one_message() -> None:
    """A refused recipient or text is a reply, not an error; the next message goes through."""
    with sink() as (handler, relay), relay.connect() as session:
        nobody = session.send(message("nobody@example.org"))
        refused = session.send(message("a@example.org", b"refuse me\r\n"))
        good = session.send(message("b@example.org"))
    assert (nobody.code, nobody.enhanced, nobody.after_dot) == (550, "5.1.1", False)
    assert (refused.code, refused.after_dot) == (554, True)
    assert good.code == 250
    assert [rcpt for _, rcpt, _ in handler.accepted] == [["b@example.org"]]


def test_a_dead_relay_is_named() -> None:
    """Nobody listening is one line that names the settings to look at."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    relay = Relay(RelayOptions("127.0.0.1", port), "news.example.org", Path())
    with pytest.raises(RelayError, match=r"\[smtp\] host and port"), relay.connect():
        pass


def test_tls_that_is_not_offered_sends_nothing() -> None:
    """Where STARTTLS is asked for and not offered, no message leaves in clear."""
    with sink() as (handler, relay):
        options = RelayOptions("127.0.0.1", relay.options.port, tls="starttls")
        with (
            pytest.raises(RelayError, match=r"\[smtp\] tls"),
            Relay(options, "news.example.org", Path()).connect() as session,
        ):
            session.send(message("a@example.org"))
    assert handler.accepted == []


@contextmanager
def breaking(after: bytes) -> Iterator[Relay]:
    """A server that hangs up when it has read this."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            peer, _ = door.accept()
            with peer, peer.makefile("rb") as lines:
                peer.sendall(b"220 here\r\n")
                in_data = False
                for line in lines:
                    if after in line:
                        return
                    if not in_data:
                        in_data = line.startswith(b"DATA")
                        peer.sendall(b"354 go on\r\n" if in_data else b"250 ok\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield Relay(RelayOptions("127.0.0.1", door.getsockname()[1]), "x.example.org", Path())
        thread.join()


@pytest.mark.parametrize(("breaks", "after_dot"), [(b"RCPT", False), (b"Hello", True)])
def test_a_broken_connection_says_when(breaks: bytes, after_dot: bool) -> None:
    """A connection lost before the text was handed over is told from one lost after it."""
    with breaking(breaks) as relay, relay.connect() as session:
        reply = session.send(message("a@example.org"))
    assert (reply.code, reply.after_dot) == (0, after_dot)


@pytest.mark.parametrize(
    ("host", "port", "tls", "wanted"),
    [
        ("127.0.0.1", 25, "auto", "none"),
        ("localhost", 587, "auto", "none"),
        ("mail.example.org", 587, "auto", "starttls"),
        ("mail.example.org", 465, "auto", "implicit"),
        ("127.0.0.1", 25, "starttls", "starttls"),
    ],
)
def test_encryption_is_the_rule_off_this_machine(
    host: str, port: int, tls: Any, wanted: str
) -> None:
    """Only a relay on this very machine is spoken to in clear unless told otherwise."""
    assert RelayOptions(host, port, tls).encryption == wanted
