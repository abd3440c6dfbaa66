"""Mail servers that take our messages: the only door to smtplib.

A relay is reached through sessions, one kept-alive connection each, one transaction after the
other. This room does not decide what a reply means (`pipeline.delivery` does) nor write the ledger
(jobs do); it lets its caller speak once more just before a message is handed over.
"""

from pipeline.smtp.options import RelayOptions
from pipeline.smtp.session import Relay, Session

__all__ = ["Relay", "RelayOptions", "Session"]
