"""A DNS server on loopback that knows a few records and nothing else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Records = Mapping[tuple[str, str], list[str]]
"""(name with its last dot, type) -> texts as a zone file has them."""


@contextmanager
def serving(records: Records) -> Iterator[int]:
    """The UDP port on which these records are answered for."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.2)
        is_over = threading.Event()

        def answer() -> None:
            while not is_over.is_set():
                try:
                    raw, client = server.recvfrom(4096)
                except TimeoutError:
                    continue
                server.sendto(_answer(raw, records), client)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            is_over.set()
            thread.join()


def _answer(raw: bytes, records: Records) -> bytes:
    query = dns.message.from_wire(raw)
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.RA | dns.flags.AA
    (question,) = query.question
    name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
    found = records.get((name, kind))
    if found:
        reply.answer.append(dns.rrset.from_text(name, 300, "IN", kind, *found))
    elif not any(known == name for known, _ in records):
        reply.set_rcode(dns.rcode.NXDOMAIN)
    return reply.to_wire()
