"""One tree of what can go wrong: an error is its fields, its message is derived.

Every message is one line for a person: what, where, and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import override


class PartworkError(Exception):
    """The root: whoever catches this catches all that we raise on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with one setting, field or line."""

    where: str
    """A setting (`[smtp] port`) or a place in a file (`guide.md:7`)."""
    what: str
    todo: str = ""

    @override
    def __str__(self) -> str:
        """The problem on one line."""
        return f"{self.where}: {self.what}" + (f"; {self.todo}" if self.todo else "")


class ConfigError(PartworkError, ValueError):
    """The settings cannot be used; carries every problem found, not only the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__(problems)

    @override
    def __str__(self) -> str:
        """One line a problem."""
        return "\n".join(map(str, self.problems))


class UsageError(PartworkError, ValueError):
    """What was asked for makes no sense as asked."""

    def __init__(self, what: str, todo: str = "") -> None:
        self.what, self.todo = what, todo
        super().__init__(what, todo)

    @override
    def __str__(self) -> str:
        """What was wrong with the request, and what to ask instead."""
        return self.what + (f"; {self.todo}" if self.todo else "")


class RefusedError(UsageError):
    """What was asked for makes sense, but contradicts what somebody decided or is doing."""


class ScheduleError(PartworkError, ValueError):
    """A cadence, zone or start that names no slots."""

    def __init__(self, field: str, value: str, todo: str) -> None:
        self.field, self.value, self.todo = field, value, todo
        super().__init__(field, value, todo)

    @override
    def __str__(self) -> str:
        """The field, its value, and what is accepted."""
        return f"{self.field} {self.value!r} is not understood; {self.todo}"


class TemplateError(PartworkError):
    """A template that cannot be rendered."""

    def __init__(self, name: str, line: int | None, what: str) -> None:
        self.name, self.line, self.what = name, line, what
        super().__init__(name, line, what)

    @override
    def __str__(self) -> str:
        """`templates/page/issue.html:12: what`."""
        place = f"templates/{self.name}" + (f":{self.line}" if self.line else "")
        return f"{place}: {self.what}"


class MailError(PartworkError):
    """An issue that cannot be made into a message without harm."""

    def __init__(self, issue: str, what: str, todo: str = "") -> None:
        self.issue, self.what, self.todo = issue, what, todo
        super().__init__(issue, what, todo)

    @override
    def __str__(self) -> str:
        """The issue, what is wrong, what to do."""
        return f"mail of {self.issue}: {self.what}" + (f"; {self.todo}" if self.todo else "")


class FileError(PartworkError, OSError):
    """A file or folder that could not be read or written."""

    def __init__(self, path: str, what: str, todo: str = "") -> None:
        self.path, self.what, self.todo = path, what, todo
        super().__init__(path, what, todo)

    @override
    def __str__(self) -> str:
        """The path, what is wrong, what to do."""
        return f"{self.path}: {self.what}" + (f"; {self.todo}" if self.todo else "")


class StoreError(PartworkError):
    """The database cannot be opened, is locked, or is of another version."""

    def __init__(self, what: str, todo: str) -> None:
        self.what, self.todo = what, todo
        super().__init__(what, todo)

    @override
    def __str__(self) -> str:
        """What is wrong with the database, and what to do."""
        return f"database: {self.what}; {self.todo}"


class HubError(PartworkError, ConnectionError):
    """A WebSub hub that could not be told of a change."""

    def __init__(self, hub: str, what: str) -> None:
        self.hub, self.what = hub, what
        super().__init__(hub, what)

    @override
    def __str__(self) -> str:
        """The hub, what happened, and which setting to look at."""
        return f"hub {self.hub}: {self.what}; look at [web] hub"


class CallError(PartworkError, ConnectionError):
    """A server that could not be asked or told something."""

    def __init__(self, url: str, what: str, todo: str) -> None:
        self.url, self.what, self.todo = url, what, todo
        super().__init__(url, what, todo)

    @override
    def __str__(self) -> str:
        """The server, what happened, and what to do."""
        return f"{self.url}: {self.what}; {self.todo}"


class UntrustedError(PartworkError, PermissionError):
    """A report that somebody else may have made up."""

    def __init__(self, provider: str, what: str) -> None:
        self.provider, self.what = provider, what
        super().__init__(provider, what)

    @override
    def __str__(self) -> str:
        """Who is said to have sent it, and why that is not believed."""
        return f"{self.provider}: {self.what}; look at [bounces] in the settings"


class RelayError(PartworkError, ConnectionError):
    """The relay cannot be used at all: nobody's address is to blame."""

    def __init__(self, relay: str, what: str, todo: str) -> None:
        self.relay, self.what, self.todo = relay, what, todo
        super().__init__(relay, what, todo)

    @override
    def __str__(self) -> str:
        """The relay, what happened, and which setting to look at."""
        return f"relay {self.relay}: {self.what}; {self.todo}"


class FencedError(PartworkError):
    """Another process took this lease over: nothing more may be sent under it."""

    def __init__(self, lease: str) -> None:
        self.lease = lease
        super().__init__(lease)

    @override
    def __str__(self) -> str:
        """Which lease, and what follows."""
        return f"lease {self.lease}: taken over by another process; its messages are left to it"


class BrowserError(PartworkError, ConnectionError):
    """A browser that took no picture of a preview."""

    def __init__(self, program: str, what: str) -> None:
        self.program, self.what = program, what
        super().__init__(program, what)

    @override
    def __str__(self) -> str:
        """The program, what happened, and how to do without."""
        return f"{self.program}: {self.what}; leave pictures out with --no-png"


class RankerError(PartworkError, ValueError):
    """A ranker of somebody else's that gave no score for each page."""

    def __init__(self, wanted: int, given: tuple[int, ...]) -> None:
        self.wanted, self.given = wanted, given
        super().__init__(wanted, given)

    @override
    def __str__(self) -> str:
        """What was asked of the ranker, and what it gave."""
        return (
            f"related: the ranker gave scores of shape {self.given} for {self.wanted} pages, or "
            'some that are no numbers; mend it, or set [related] ranker = "fields"'
        )


class TransitionError(PartworkError, ValueError):
    """An event that cannot happen to a delivery in its state: a fault of ours, never a reader's."""

    def __init__(self, state: str, event: str, allowed: tuple[str, ...]) -> None:
        self.state, self.event, self.allowed = state, event, allowed
        super().__init__(state, event, allowed)

    @override
    def __str__(self) -> str:
        """The state, the event, and what could have happened instead."""
        instead = ", ".join(self.allowed) or "nothing: this state is final"
        return (
            f"delivery: {self.event!r} cannot happen in state {self.state!r}; possible: {instead}"
        )
