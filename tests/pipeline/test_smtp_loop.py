"""smtp.loop: many sessions in one thread, each as if it were alone."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from pipeline.model import Message, Reply
from pipeline.smtp import Idle, Loop, Relay, RelayOptions, Session, Work
from pipeline.smtp.relay import _tls
from tests.certificates import write_certificate
from tests.pipeline.test_smtp import Grouping, Sink, message, sink
from tests.ports import free_port

PATIENCE = 20.0


def serve(session: Session, some: list[Message], replies: list[Reply]) -> Work[None]:
    """A worker that sends these, one after the other, each with the next one ahead."""
    for one, following in zip(some, [*some[1:], None], strict=True):
        replies.append((yield from session.transaction(one, None, following)))
    yield from session.farewell()


@contextmanager
def running(*works: Work[None]) -> Iterator[Loop]:
    """A loop that serves these, and has ended afterwards."""
    loop = Loop()
    for one in works:
        loop.start(one)
    try:
        yield loop
    finally:
        loop.end()
        until = time.monotonic() + PATIENCE
        while loop.is_busy and time.monotonic() < until:
            time.sleep(0.005)
        loop.abort(1.0)
    assert not loop.is_busy
    assert loop.fault is None


def sent(relay: Relay, some: list[Message]) -> list[Reply]:
    """What came of these messages on one connection of a loop."""
    replies: list[Reply] = []
    with running(serve(relay.session(), some, replies)):
        pass
    return replies


Serve = Callable[[socket.socket, int], None]


@contextmanager
def server(talk: Serve, connections: int = 1) -> Iterator[Relay]:
    """A server that takes so many connections at once, each in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        threads = []

        def take() -> None:
            for number in range(connections):
                peer, _ = door.accept()
                threads.append(threading.Thread(target=_talked, args=(talk, peer, number)))
                threads[-1].start()

        taker = threading.Thread(target=take)
        taker.start()
        options = RelayOptions("127.0.0.1", door.getsockname()[1], timeout=PATIENCE)
        yield Relay(options, "x.example.org", Path())
        taker.join()
        for one in threads:
            one.join()


def _talked(talk: Serve, peer: socket.socket, number: int) -> None:
    with peer:
        peer.sendall(b"220 here\r\n")
        talk(peer, number)


def until_dot(peer: socket.socket) -> bytes:
    """Answer up to the dot of a message; returns its text."""
    with peer.makefile("rb") as lines:
        for line in lines:
            if line.startswith(b"DATA"):
                break
            peer.sendall(b"250 ok\r\n")
        peer.sendall(b"354 go on\r\n")
        text = bytearray()
        for line in lines:
            if line == b".\r\n":
                break
            text += line
    return bytes(text)


def test_it_says_what_whoever_waits_says() -> None:
    """The same messages over a loop and one by one: the same lines, grouped alike."""
    some = [message(f"r{n}@example.org") for n in range(3)]
    some.insert(1, message("nobody@example.org"))
    waited, looped = Grouping(refuses=b"nobody"), Grouping(refuses=b"nobody")
    with waited.running() as relay, relay.connect() as session:
        expected = [
            session.send(one, following=after)
            for one, after in zip(some, [*some[1:], None], strict=True)
        ]
    with looped.running() as relay:
        assert sent(relay, some) == expected
    assert looped.lines == waited.lines


def test_each_waits_for_itself_alone() -> None:
    """A server that answers nobody before all have handed over is answered by all."""
    count = 12
    all_there = threading.Barrier(count)

    def talk(peer: socket.socket, _number: int) -> None:
        until_dot(peer)
        all_there.wait(PATIENCE)
        peer.sendall(b"250 2.0.0 ok\r\n")
        peer.recv(100)
        peer.sendall(b"221 bye\r\n")

    replies: list[Reply] = []
    with server(talk, count) as relay:
        some = [message(f"r{n}@example.org") for n in range(count)]
        with running(*(serve(relay.session(), [one], replies) for one in some)):
            pass
    assert [one.code for one in replies] == [250] * count


def test_a_slow_reader_gets_all_of_it_and_holds_up_nobody() -> None:
    """A text that does not go at once arrives whole; another message is sent meanwhile."""
    large = os.urandom(3_000_000).hex().encode()
    large = b"\r\n".join(large[at : at + 70] for at in range(0, len(large), 70)) + b"\r\n"
    other_is_done = threading.Event()
    arrived = []

    def talk(peer: socket.socket, number: int) -> None:
        if number == 0:
            other_is_done.wait(PATIENCE)
        arrived.append(until_dot(peer))
        peer.sendall(b"250 2.0.0 ok\r\n")
        other_is_done.set()
        peer.recv(100)

    first: list[Reply] = []
    second: list[Reply] = []
    with server(talk, 2) as relay:
        with running(serve(relay.session(), [message("a@example.org", large)], first)) as loop:
            time.sleep(0.1)
            loop.start(serve(relay.session(), [message("b@example.org")], second))
        assert [one.code for one in (*second, *first)] == [250, 250]
    assert [text.endswith(large) for text in arrived] == [False, True]


@pytest.mark.parametrize("breaks", ["silent", "hangs up", "trickles"])
def test_a_lost_answer_is_told_as_lost(breaks: str) -> None:
    """No answer in time, a connection that ends, a byte now and then: code 0 after the dot."""

    def talk(peer: socket.socket, _number: int) -> None:
        until_dot(peer)
        while breaks != "hangs up":
            try:
                if breaks == "trickles":
                    peer.sendall(b"2")
                elif not peer.recv(100):
                    return
            except OSError:
                return
            time.sleep(0.02)

    with server(talk) as relay:
        hasty = replace(relay, options=replace(relay.options, dot_timeout=0.3))
        (reply,) = sent(hasty, [message("a@example.org")])
    assert (reply.code, reply.after_dot) == (0, True)
    assert reply.text == ("it hung up" if breaks == "hangs up" else "no answer in time")


def test_what_is_broken_off_is_told_as_lost() -> None:
    """Who waits for an answer when all is broken off hears that nobody knows; the loop ends."""
    there = threading.Event()

    def talk(peer: socket.socket, _number: int) -> None:
        until_dot(peer)
        there.set()
        peer.recv(100)

    replies: list[Reply] = []
    with (
        server(talk) as relay,
        running(serve(relay.session(), [message("a@example.org")], replies)) as loop,
    ):
        assert there.wait(PATIENCE)
        loop.end()
        loop.abort(PATIENCE)
    assert [(one.code, one.after_dot, one.text) for one in replies] == [(0, True, "broken off")]


def test_a_connection_that_was_ended_while_idle_is_begun_anew() -> None:
    """Servers end what says nothing for a while: the next message goes over another connection."""

    def talk(peer: socket.socket, number: int) -> None:
        until_dot(peer)
        peer.sendall(b"250 2.0.0 ok\r\n")
        if number == 1:
            peer.recv(100)

    replies: list[Reply] = []
    go_on = threading.Event()

    def rested(session: Session) -> Work[None]:
        for name in ("a", "b"):
            replies.append((yield from session.transaction(message(f"{name}@example.org"))))
            if name == "a":
                yield Idle(go_on.is_set)
        yield from session.farewell()

    with server(talk, 2) as relay, running(rested(relay.session())) as loop:
        time.sleep(0.2)
        go_on.set()
        loop.wake()
    assert [one.code for one in replies] == [250, 250]


def test_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """STARTTLS, and texts larger than what one record or the kernel takes: they arrive whole."""
    public, private = write_certificate(tmp_path)
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shown.load_cert_chain(public, private)
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    _tls.cache_clear()
    handler, port = Sink(), free_port()
    keeper = Controller(
        handler, hostname="127.0.0.1", port=port, tls_context=shown, require_starttls=True
    )
    keeper.start()
    try:
        relay = Relay(RelayOptions("localhost", port, "starttls"), "news.example.org", tmp_path)
        texts = [b"0123456789" * 6 + b"\r\n", (b"0123456789" * 6 + b"\r\n") * 80_000]
        replies: list[Reply] = []
        works = (
            serve(relay.session(), [message(f"r{n}@example.org", text) for text in texts], replies)
            for n in range(3)
        )
        with running(*works):
            pass
    finally:
        keeper.stop()
        _tls.cache_clear()
    assert [one.code for one in replies] == [250] * 6
    assert sorted(len(content) for *_, content in handler.accepted) == [
        len(b"To: x\r\n\r\n" + text) for text in texts for _ in range(3)
    ]
    assert {content[9:] for *_, content in handler.accepted} == set(texts)


def test_a_fault_of_ours_ends_it_and_is_told() -> None:
    """A worker that breaks takes the loop with it, which says so to whoever waits for results."""

    def faulty() -> Work[None]:
        yield Idle(lambda: True)
        raise ZeroDivisionError

    loop = Loop()
    loop.start(faulty())
    loop.abort(PATIENCE)
    assert not loop.is_busy
    assert isinstance(loop.fault, ZeroDivisionError)


def test_nothing_is_left_open() -> None:
    """After a hundred connections, and loops that never began, as many files are open as before."""
    with sink() as (_, relay):
        sent(relay, [message("a@example.org")])
        before = _open_files()
        worn = replace(relay, options=replace(relay.options, messages=1))
        replies = sent(worn, [message("a@example.org")] * 100)
        for _ in range(10):
            with running():
                pass
        assert _open_files() <= before
    assert [one.code for one in replies] == [250] * 100


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
