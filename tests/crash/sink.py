"""A mail server that writes down what it accepts, and syncs it, before it says 250.

    python -m tests.crash.sink FILE [--delay MS] [--faults NAME] [--seed N]

It prints its port, then serves until it is ended. FILE is told each Message-ID and recipient in the
words of a Postfix log. Faults are what real servers do: `greylist` everybody's first try,
`refuse` three of a hundred, `drop` connections before and after the dot, `close` in mid-session
(421), `slow` answers byte by byte, `dislike` refuses half of all texts.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
from pathlib import Path

from typing_extensions import override

_MESSAGE_ID = re.compile(rb"^Message-ID: (<[^>]+>)", re.MULTILINE)
_END = b"\r\n.\r\n"
_SAID = {
    b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250 SIZE 10000000\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}


class Record:
    """The file of what was accepted; one fsync serves all who wait for it."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._lines: list[bytes] = []
        self._waiting: asyncio.Future[None] | None = None
        self._count = 0

    async def add(self, message_id: str, to: str) -> str:
        """Keep an acceptance; returns its queue id when it is on disk."""
        self._count += 1
        queue_id = f"{os.getpid():X}{self._count:06X}"
        self._lines.append(
            f"Mar  9 09:00:00 sink postfix/cleanup[1]: {queue_id}: message-id={message_id}\n"
            f"Mar  9 09:00:00 sink postfix/qmgr[1]: {queue_id}: from=<news@example.org>, "
            f"size=1, nrcpt=1 (queue active)\n"
            f"Mar  9 09:00:00 sink postfix/discard[1]: {queue_id}: to=<{to}>, sent\n".encode()
        )
        loop = asyncio.get_running_loop()
        if self._waiting is None:
            self._waiting = loop.create_future()
            loop.call_soon(self._sync)
        await self._waiting
        return queue_id

    def _sync(self) -> None:
        lines, self._lines = self._lines, []
        waiting, self._waiting = self._waiting, None
        os.write(self._file, b"".join(lines))
        os.fdatasync(self._file)
        if waiting is not None:
            waiting.set_result(None)


class Faults:
    """What goes wrong, chosen by a seed."""

    def __init__(self, name: str, seed: int) -> None:
        self.name, self._random = name, random.Random(seed)  # noqa: S311 -- no secret
        self._seen: set[bytes] = set()

    def now(self, name: str, share: float) -> bool:
        """Whether this goes wrong now."""
        return self.name == name and self._random.random() < share

    def greylists(self, to: bytes) -> bool:
        """Whether this is somebody's first try, where that is refused."""
        if self.name != "greylist" or to in self._seen:
            return False
        self._seen.add(to)
        return True

    def refuses(self, to: bytes) -> bool:
        """Whether there is no such recipient: three of a hundred."""
        return self.name == "refuse" and hash_of(to) < 3


def hash_of(to: bytes) -> int:
    """A number from 0 to 99 that follows from an address."""
    return sum(to) * 7919 % 100


class Peer(asyncio.Protocol):
    """One connection."""

    def __init__(self, record: Record, delay: float, faults: Faults) -> None:
        self._record, self._delay, self._faults = record, delay, faults
        self._buffer = bytearray()
        self._to, self._in_data, self._is_accepting = b"", False, False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._faults.now("close", 0.5):
            transport.write(b"421 4.3.2 too many of you\r\n")
            transport.close()
            return
        transport.write(b"220 sink ESMTP\r\n")

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._go_on()

    def _go_on(self) -> None:
        """Answer what is there, one after the other: a message first, then what came behind it."""
        while not self._is_accepting and self._step():
            pass

    def _step(self) -> bool:
        if self._in_data:
            end = self._buffer.find(_END)
            if end < 0:
                return False
            text = bytes(self._buffer[:end])
            del self._buffer[: end + len(_END)]
            self._in_data = False
            self._is_accepting = True
            self._accepting = asyncio.ensure_future(self._settle(text, self._to))
            return True
        line, found_end, _ = self._buffer.partition(b"\r\n")
        if not found_end:
            return False
        del self._buffer[: len(line) + 2]
        self._answer(bytes(line))
        return True

    def _answer(self, line: bytes) -> None:
        verb = line[:4].upper()
        said = _SAID.get(verb, b"250 2.0.0 Ok\r\n")
        if verb == b"RCPT":
            self._to = line.partition(b"<")[2].partition(b">")[0]
            said = self._recipient()
        elif verb == b"DATA" and not self._to:
            said = b"554 5.5.1 no valid recipients\r\n"
        elif verb == b"DATA":
            self._in_data = True
            if self._faults.now("drop", 0.02):
                self._transport.abort()
        self._transport.write(said)
        if said.startswith(b"421"):
            self._transport.close()

    def _recipient(self) -> bytes:
        if self._faults.now("close", 0.01):
            return b"421 4.3.2 closing\r\n"
        said = b"250 2.1.5 Ok\r\n"
        if self._faults.greylists(self._to):
            self._to, said = b"", b"451 4.7.1 greylisted\r\n"
        elif self._faults.refuses(self._to):
            self._to, said = b"", b"550 5.1.1 no such user\r\n"
        return said

    async def _settle(self, text: bytes, to: bytes) -> None:
        await self._accept(text, to)
        self._is_accepting = False
        self._go_on()

    async def _accept(self, text: bytes, to: bytes) -> None:
        found = _MESSAGE_ID.search(text)
        assert found is not None
        if self._delay:
            await asyncio.sleep(self._delay)
        if self._faults.now("dislike", 0.5):
            self._transport.write(b"554 5.6.0 we do not like this\r\n")
            return
        if self._faults.now("drop", 0.01):  # it has read the dot, and nobody will know
            self._transport.abort()
            return
        queue_id = await self._record.add(found[1].decode(), to.decode())
        if self._faults.now("drop", 0.01):
            self._transport.abort()
            return
        said = f"250 2.0.0 Ok: queued as {queue_id}\r\n".encode()
        if self._faults.now("slow", 0.02):
            for byte in said:
                self._transport.write(bytes((byte,)))
                await asyncio.sleep(0.02)
            return
        self._transport.write(said)


async def serve(path: Path, delay: float, faults: Faults) -> None:
    """Serve until the process is ended."""
    record = Record(path)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Peer(record, delay, faults), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 -- its caller reads it
    await server.serve_forever()


def main() -> None:
    """Serve as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--faults", default="")
    parser.add_argument("--seed", type=int, default=1)
    said = parser.parse_args()
    asyncio.run(serve(said.file, said.delay / 1000, Faults(said.faults, said.seed)))


if __name__ == "__main__":
    main()
