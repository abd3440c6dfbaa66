"""What a mail costs: inlining its style, and addressing it to one reader after the other.

`make bench-mail` prints two tables, ours beside what others take for the same document: premailer
as we call it, as it comes, css-inline, and npm's juice; then messages a second by our skeleton,
with and without signatures, beside Python's EmailMessage and beside inlining for each reader.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial
from pathlib import Path

os.environ.setdefault("PREMAILER_CACHE_MAXSIZE", "8192")  # as pipeline.app does

import css_inline
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from premailer import Premailer

from bench.memory import peak
from pipeline import dkim, mail
from pipeline.mail.frame import Slots
from pipeline.mail.inline import inline
from pipeline.mail.render import source
from pipeline.model import Issue
from tests import mails

WORDS = "Sleep comes."
PARAGRAPHS = 300
"""So many short ones make a part of some 33,000 octets of HTML."""
READERS = 20_000
SIGNED = 1_000
ROUNDS = 5


def issue() -> Issue:
    """A part of usual size, short paragraphs under many headings."""
    said = tuple(mails.said(WORDS) for _ in range(PARAGRAPHS))
    sections = tuple(
        mails.section(*said[at : at + 6], title=f"Section {at}", id=f"s{at}", number="")
        for at in range(0, PARAGRAPHS, 6)
    )
    return mails.issue(sections=sections)


def best(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Seconds of the fastest of some rounds: the others were disturbed."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took)


def inlining(document: str) -> None:
    """The first table."""
    _say("inlining one document of", f"{len(document):,}", "characters")
    inliner = css_inline.CSSInliner(keep_style_tags=False, load_remote_stylesheets=False)
    rows: tuple[tuple[str, Callable[[], object]], ...] = (
        ("premailer, as we call it", lambda: inline(document, "bench")),
        (
            "premailer, as it comes (our cache)",
            lambda: Premailer(document, allow_network=False).transform(),
        ),
        ("css-inline (Rust)", lambda: inliner.inline(document)),
    )
    for name, work in rows:
        work()
        _say(f"  {name:34} {best(work) * 1e3:8.1f} ms")
    took = juice(document)
    _say(f"  {'juice (node)':34} {took:8.1f} ms" if took else "  juice: no npm here")


JUICE = """
const juice = require('juice');
const document = require('fs').readFileSync(process.argv[2], 'utf8');
let best = Infinity;
for (let round = 0; round < 6; round++) {
  const began = process.hrtime.bigint();
  juice(document);
  best = Math.min(best, Number(process.hrtime.bigint() - began) / 1e6);
}
console.log(best);
"""


def juice(document: str) -> float | None:
    """Milliseconds that npm's juice takes; None where npm is not."""
    if shutil.which("npm") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "juice"]
        subprocess.run(install, cwd=at, check=True, capture_output=True)  # noqa: S603 -- ours
        (at / "inline.js").write_text(JUICE, encoding="utf-8")
        (at / "mail.html").write_text(document, encoding="utf-8")
        command = ["node", "inline.js", "mail.html"]
        done = subprocess.run(command, cwd=at, capture_output=True, text=True, check=True)  # noqa: S603 -- ours
    return float(done.stdout)


def by_email_message(compiled: mail.Compiled, reader: mail.Recipient) -> bytes:
    """The same message as Python's own package makes it."""
    made = EmailMessage()
    made["From"] = f"{mails.SITE.title} <{mails.SITE.sender}>"
    made["To"] = reader.address
    made["Subject"] = compiled.subject
    made["Date"] = format_datetime(reader.date)
    made["Message-ID"] = reader.message_id
    made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content(compiled.text, cte="quoted-printable")
    made.add_alternative(compiled.html, subtype="html", cte="quoted-printable")
    return made.as_bytes()


def addressing(one: Issue) -> None:
    """The second table."""
    began = time.perf_counter()
    mail.compile(one, mails.SITE, mails.templates())
    cold = time.perf_counter() - began
    compiled = mail.compile(one, mails.SITE, mails.templates())
    warm = best(lambda: mail.compile(one, mails.SITE, mails.templates()))
    text, html = len(compiled.text.encode()), len(compiled.html.encode())
    _say(f"\nan issue of {html:,} octets of HTML and {text:,} of text")
    _say(f"  {'compiling it, the first time':34} {cold * 1e3:8.1f} ms")
    _say(f"  {'compiling it again':34} {warm * 1e3:8.1f} ms")
    readers = [mails.recipient(n, address=f"reader{n}@example.org") for n in range(READERS)]
    named = [
        mails.recipient(n, address=f"reader{n}@example.org", name=f"Robin {n}")
        for n in range(READERS)
    ]
    _say("\naddressing it                             a second")
    _rate("ours", lambda: sum(len(mail.address(compiled, each).body) for each in readers), READERS)
    _rate(
        "ours, readers with names",
        lambda: sum(len(mail.address(compiled, each).body) for each in named),
        READERS,
    )
    for kind in dkim.KeyKind:
        key = dkim.read_key(dkim.make_key(kind), "s1", "bench")
        signer = dkim.Signer("serials.example.org", (key,))
        some = readers[:SIGNED]
        _rate(f"ours, signed with {kind}", partial(_signed, compiled, some, signer), SIGNED)
        _rate(f"  a bare {kind} signature (OpenSSL)", partial(_bare, key), SIGNED)
    few = readers[:40]
    _rate("EmailMessage", lambda: [by_email_message(compiled, each) for each in few], len(few))
    slots = Slots.for_text("bench")
    document = source(one, mails.SITE, mails.templates(), slots)
    _rate("premailer for each reader", lambda: [inline(document, "b") for _ in few[:10]], 10)
    _say(f"\npeak memory of this process {peak():.0f} MiB")


def _signed(compiled: mail.Compiled, some: list[mail.Recipient], signer: dkim.Signer) -> int:
    made = (mail.address(compiled, each).body for each in some)
    return sum(len(dkim.sign(raw, signer, mails.AT)) for raw in made)


def _bare(key: dkim.Key) -> None:
    """What no signer on this machine can undercut."""
    if isinstance(key.private, RSAPrivateKey):
        for _ in range(SIGNED):
            key.private.sign(b"x" * 600, PKCS1v15(), SHA256())
    else:
        for _ in range(SIGNED):
            key.private.sign(b"x" * 32)


def _rate(name: str, work: Callable[[], object], count: int) -> None:
    _say(f"  {name:34} {count / best(work):12,.0f}")


def _say(*words: str) -> None:
    print(*words, flush=True)  # noqa: T201 -- what a benchmark is for


def main() -> None:
    """Print both tables."""
    one = issue()
    inlining(source(one, mails.SITE, mails.templates(), Slots.for_text("bench")))
    addressing(one)


if __name__ == "__main__":
    main()
