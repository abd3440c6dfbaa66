"""What the log of a mail server tells of messages: the oracle for those that are uncertain."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LINE = re.compile(r"postfix[^/ ]*/(?:\w+/)*(\w+)\[\d+\]: (\w+): (.*)")
_MESSAGE_ID = re.compile(r"message-id=(<[^>]+>)")


def accepted_by_postfix(lines: Iterable[str]) -> frozenset[str]:
    """The Message-IDs, angle brackets included, of the messages that Postfix took over.

    `cleanup` names the Message-ID as soon as it has read the head, whether the message was ended or
    not; only when `qmgr` speaks of the same queue id has it been taken.
    """
    named: dict[str, str] = {}
    taken: set[str] = set()
    for line in lines:
        found = _LINE.search(line)
        if found is None:
            continue
        program, queue_id, said = found.groups()
        if program == "cleanup" and (message_id := _MESSAGE_ID.search(said)):
            named[queue_id] = message_id[1]
        elif program == "qmgr" and said.startswith("from=") and queue_id in named:
            taken.add(named[queue_id])
    return frozenset(taken)
