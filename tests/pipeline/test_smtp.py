"""smtp: one relay, spoken to for real on the loopback."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from pipeline.errors import FencedError, RelayError
from pipeline.model import Message
from pipeline.smtp import Relay, RelayOptions
from pipeline.smtp.relay import _tls
from tests.certificates import write_certificate
from tests.ports import free_port


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
    port = free_port()
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
    port = free_port()
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


class Grouping:
    """A server of the next door that takes commands in groups, and keeps all that it was told."""

    def __init__(self, *, refuses: bytes = b"", size: int = 10_000) -> None:
        self.lines: list[bytes] = []
        self.reads: list[bytes] = []
        self.refuses, self.size = refuses, size

    @contextmanager
    def running(self, **options: Any) -> Iterator[Relay]:
        """A relay that leads here."""
        with socket.create_server(("127.0.0.1", 0)) as door:
            thread = threading.Thread(target=self._serve, args=(door,))
            thread.start()
            port = door.getsockname()[1]
            yield Relay(RelayOptions("127.0.0.1", port, **options), "x.example.org", Path())
            thread.join()

    def _serve(self, door: socket.socket) -> None:
        peer, _ = door.accept()
        with peer:
            peer.sendall(b"220 here\r\n")
            rest, in_data = b"", False
            while some := peer.recv(65536):
                self.reads.append(some)
                rest += some
                while (end := rest.find(b"\r\n")) >= 0:
                    line, rest = rest[:end], rest[end + 2 :]
                    self.lines.append(line)
                    said, in_data = self._say(line, in_data)
                    if said:
                        peer.sendall(said)

    def _say(self, line: bytes, in_data: bool) -> tuple[bytes, bool]:
        if in_data:
            return (b"250 2.0.0 taken\r\n", False) if line == b"." else (b"", True)
        if line.upper().startswith(b"EHLO"):
            return b"250-x\r\n250-PIPELINING\r\n250 SIZE %d\r\n" % self.size, False
        if self.refuses and self.refuses in line:
            return b"550 5.1.1 no such user\r\n", False
        if line == b"DATA":
            refused = bool(self.refuses) and self.refuses in b"".join(self.lines[-2:])
            return (b"554 5.5.1 nobody\r\n", False) if refused else (b"354 go on\r\n", True)
        return b"250 2.1.0 ok\r\n", False


def test_an_envelope_goes_ahead_with_a_dot() -> None:
    """The next envelope travels with the dot and not again; each message gets its own reply."""
    server, some = Grouping(), [message(f"r{n}@example.org") for n in range(3)]
    with server.running() as relay, relay.connect() as session:
        replies = [
            session.send(one, following=after)
            for one, after in zip(some, [*some[1:], None], strict=True)
        ]
    assert [reply.text for reply in replies] == ["2.0.0 taken"] * 3
    told = [line for line in server.lines if line.startswith(b"RCPT")]
    assert told == [f"RCPT TO:<r{n}@example.org>".encode() for n in range(3)]
    assert sum(b".\r\nMAIL FROM" in read for read in server.reads) == 2


def test_a_refusal_that_came_ahead_concerns_its_message() -> None:
    """A recipient refused in the group that a dot began is the next message's refusal."""
    server = Grouping(refuses=b"nobody")
    some = [message("a@example.org"), message("nobody@example.org"), message("c@example.org")]
    with server.running() as relay, relay.connect() as session:
        replies = [
            session.send(one, following=after)
            for one, after in zip(some, [*some[1:], None], strict=True)
        ]
    assert [reply.code for reply in replies] == [250, 550, 250]
    assert replies[1].enhanced == "5.1.1"


def test_groups_can_be_turned_off() -> None:
    """Where the settings say so each command waits for its answer."""
    server = Grouping()
    with server.running(pipelining=False) as relay, relay.connect() as session:
        assert (
            session.send(message("a@example.org"), following=message("b@example.org")).code == 250
        )
    assert not any(read.count(b"\r\n") > 1 and b"MAIL" in read for read in server.reads)


def test_what_is_too_large_is_not_begun() -> None:
    """A message over the relay's SIZE is refused here, before MAIL; the next one goes."""
    server = Grouping(size=60)
    with server.running() as relay, relay.connect() as session:
        large = session.send(message("a@example.org", b"x" * 60 + b"\r\n"))
        assert session.send(message("b@example.org")).code == 250
    assert (large.code, large.enhanced, large.after_dot) == (552, "5.3.4", False)
    assert not any(b"a@example.org" in line for line in server.lines)


def test_what_may_not_be_handed_over_is_not() -> None:
    """If the word before the dot is no, the connection is broken off and nothing has arrived."""

    def no(_message: Message) -> None:
        raise FencedError("x")

    server = Grouping()
    with server.running() as relay, relay.connect() as session, pytest.raises(FencedError):
        session.send(message("a@example.org"), no)
    assert b"." not in server.lines


def test_a_server_that_trickles_is_not_waited_for_without_end() -> None:
    """A byte now and then does not count as an answer: the whole reply has a deadline."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def trickle() -> None:
            peer, _ = door.accept()
            with peer, suppress(OSError):
                for _ in range(60):
                    peer.sendall(b"2")
                    time.sleep(0.05)

        thread = threading.Thread(target=trickle)
        thread.start()
        options = RelayOptions("127.0.0.1", door.getsockname()[1], timeout=0.5)
        began = time.monotonic()
        with pytest.raises(RelayError, match="no answer in time"):
            Relay(options, "x.example.org", Path()).open()
        assert time.monotonic() - began < 2.8  # it goes on for three seconds
        thread.join()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate of its own for `localhost`, and what a server shows it with."""
    folder = tmp_path_factory.mktemp("tls")
    public, private = write_certificate(folder)
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shown.load_cert_chain(public, private)
    return public, shown


@contextmanager
def guarded(shown: ssl.SSLContext, folder: Path) -> Iterator[tuple[Sink, list[bool], int]]:
    """A server that wants STARTTLS and a login; whether each login came encrypted is kept."""
    handler, encrypted = Sink(), []

    def check(_server: Any, session: Any, *_: Any) -> AuthResult:
        encrypted.append(session.ssl is not None)
        return AuthResult(success=True)

    (folder / "password").write_text("open sesame", encoding="ascii")
    port = free_port()
    server = Controller(
        handler, hostname="127.0.0.1", port=port, tls_context=shown, require_starttls=True,
        authenticator=check, auth_required=True,
    )  # fmt: skip
    server.start()
    try:
        yield handler, encrypted, port
    finally:
        server.stop()


def test_a_login_goes_through_tls_that_was_verified(
    tmp_path: Path, certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """STARTTLS first, the name looked at, then the password, then mail."""
    public, shown = certificate

    def trust(bundle: str) -> None:
        """What is trusted is read once in the life of a process: here, each time."""
        _tls.cache_clear()
        monkeypatch.setenv("SSL_CERT_FILE", bundle or str(tmp_path / "password"))

    with guarded(shown, tmp_path) as (handler, encrypted, port):
        options = RelayOptions(
            "localhost", port, "starttls", username="us", password_file=str(tmp_path / "password")
        )
        relay = Relay(options, "news.example.org", tmp_path)
        trust(str(public))
        with relay.connect() as session:
            assert session.send(message("reader@example.org")).code == 250
        trust("")  # nobody vouches for it now
        with pytest.raises(RelayError, match="TLS failed"), relay.connect():
            pass
        trust(str(public))
        elsewhere = Relay(replace(options, host="127.0.0.1"), "news.example.org", tmp_path)
        with pytest.raises(RelayError, match="TLS failed"), elsewhere.connect():
            pass
    _tls.cache_clear()
    assert (encrypted, len(handler.accepted)) == ([True], 1)
