"""Lists of subscribers as files: what columns mean in ours, and in those of other programs.

Only what a file says counts as consent. A row without a time and a source of it is pending.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipeline.errors import FileError
from pipeline.jobs.subscribe import Wish
from pipeline.model import SubscriberStatus

COLUMNS = (
    "email", "name", "lang", "zone", "hour", "guides", "mode", "cadence", "status",
    "consent_at", "consent_source",
)  # fmt: skip
"""What a file of ours may hold; `email` it must."""

DANGEROUS = "=+-@\t\r"
"""What a spreadsheet takes for the beginning of a formula."""

ACTIVE, PENDING = SubscriberStatus.ACTIVE.value, SubscriberStatus.PENDING.value
LEFT, SUPPRESSED = SubscriberStatus.UNSUBSCRIBED.value, SubscriberStatus.SUPPRESSED.value

_GUARDED = re.compile(rf"'+[{re.escape(DANGEROUS)}]")

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one program's export."""

    program: str
    marks: frozenset[str]
    """Columns, in lower case, that no other program's file has all of."""
    read: Callable[[Row], Wish]


def neutral(value: str) -> str:
    """A field that a spreadsheet takes for words; `plain` gives it back."""
    is_dangerous = value[:1] in DANGEROUS if value else False
    return f"'{value}" if is_dangerous or _GUARDED.match(value) else value


def plain(value: str) -> str:
    """A field as it was before `neutral`."""
    return value[1:] if _GUARDED.match(value) else value


def rows(lines: Iterable[str], name: str) -> Iterator[tuple[int, Wish]]:
    """What each row of a CSV file asks for, with its line.

    Args:
        lines: Of the file; the separator is a comma, a semicolon or a tab, as the header shows.
        name: What to call the file in messages.

    Raises:
        FileError: The header is missing, names unknown columns, or has no address; or a field
            never ends.
    """
    source = iter(lines)
    head = next(source, "").removeprefix("\ufeff")
    separator = max(",;\t", key=head.count)
    columns = [cell.strip().lower() for cell in next(csv.reader([head], delimiter=separator), [])]
    read = _layout(columns, name).read
    reader = csv.reader(source, delimiter=separator)
    try:
        for cells in reader:
            if any(cells):
                fields = (plain(cell.strip()) for cell in cells)
                yield reader.line_num + 1, read(dict(zip(columns, fields, strict=False)))
    except csv.Error as error:
        where, todo = f"{name}:{reader.line_num + 1}", "close its quotation marks"
        raise FileError(where, f"cannot be read: {error}", todo) from error


def _layout(columns: list[str], name: str) -> Layout:
    there = frozenset(columns)
    for one in LAYOUTS:
        if one.marks <= there:
            return one
    if "email" not in there:
        raise FileError(f"{name}:1", "the header names no column `email`", "add it")
    unknown = [one for one in columns if one not in COLUMNS]
    if unknown:
        todo = f"known: {', '.join(COLUMNS)}"
        raise FileError(f"{name}:1", f"unknown column {', '.join(unknown)}", todo)
    return OURS


def _ours(row: Row) -> Wish:
    said: dict[str, Any] = {key: value for key, value in row.items() if value}
    if "guides" in said:
        said["guides"] = tuple(said["guides"].replace(";", " ").replace(",", " ").split())
    return Wish(**{"email": "", **said})


def _consenting(wish: Wish, at: str, source: str) -> Wish:
    """A wish whose consent is that of another program, where its file tells when it was given."""
    return replace(wish, consent_at=at.replace(" ", "T"), consent_source=source) if at else wish


def _listmonk(row: Row) -> Wish:
    status = {"enabled": ACTIVE, "disabled": LEFT, "blocklisted": SUPPRESSED}
    return Wish(row["email"], row.get("name", ""), status=status.get(row["status"], row["status"]))


def _ghost(row: Row) -> Wish:
    is_subscribed = row["subscribed_to_emails"].lower() in {"true", "1", "yes"}
    said = Wish(row["email"], row.get("name", ""), status=ACTIVE if is_subscribed else LEFT)
    return _consenting(said, row.get("created_at", ""), "ghost: signed up")


def _mailchimp(row: Row) -> Wish:
    name = f"{row.get('first name', '')} {row.get('last name', '')}".strip()
    status = SUPPRESSED if row.get("clean_time") else LEFT if row.get("unsub_time") else ACTIVE
    said = Wish(row["email address"], name, status=status)
    confirmed = row.get("confirm_time", "")
    return _consenting(said, confirmed or row.get("optin_time", ""), "mailchimp: opted in")


_BUTTONDOWN = {
    "unactivated": PENDING, "unsubscribed": LEFT, "removed": LEFT, "blocked": SUPPRESSED,
    "complained": SUPPRESSED, "spammy": SUPPRESSED, "undeliverable": SUPPRESSED,
}  # fmt: skip
"""The kinds of subscriber that are not mailed; all others are."""


def _buttondown(row: Row) -> Wish:
    kind = row.get("type") or row.get("subscriber_type") or "regular"
    email = row.get("email_address") or row.get("email", "")
    said = Wish(email, status=_BUTTONDOWN.get(kind, ACTIVE))
    return _consenting(said, row["creation_date"], "buttondown: signed up")


OURS = Layout("partwork", frozenset({"email"}), _ours)
LAYOUTS = (
    Layout("mailchimp", frozenset({"email address", "leid", "euid"}), _mailchimp),
    Layout("ghost", frozenset({"email", "subscribed_to_emails"}), _ghost),
    Layout("listmonk", frozenset({"uuid", "email", "attributes", "status"}), _listmonk),
    Layout("buttondown", frozenset({"email_address", "creation_date"}), _buttondown),
    Layout("buttondown", frozenset({"email", "creation_date", "subscriber_type"}), _buttondown),
)
"""Of other programs; the first whose marks a header has."""
