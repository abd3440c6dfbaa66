"""What mail providers tell by webhook of mail that went through them: signatures, then bounces.

Each module knows one provider. A report is believed only when its signature is right, and it then
may name an address alone: many providers put a Message-ID of their own in the place of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.delivery.providers import mailgun, postmark, sendgrid, ses
from pipeline.delivery.providers.reading import Feedback, Keys, Request

READERS: Mapping[str, Callable[[Request, Keys], Feedback]] = {
    "ses": ses.read,
    "postmark": postmark.read,
    "mailgun": mailgun.read,
    "sendgrid": sendgrid.read,
}
"""Provider -> how its reports are read; each raises UntrustedError and UsageError."""

__all__ = ["READERS", "Feedback", "Keys", "Request"]
