"""Mail servers that take our messages: the only door to smtplib.

A relay is reached through sessions, one kept-alive connection each, one transaction after the
other; a loop serves many of them in one thread. This room does not decide what a reply means
(`pipeline.delivery` does) nor write the ledger (jobs do); it lets its caller speak once more just
before a message is handed over.
"""

from pipeline.smtp.loop import Loop
from pipeline.smtp.options import RelayOptions
from pipeline.smtp.relay import Relay
from pipeline.smtp.session import Session
from pipeline.smtp.steps import Idle, Steps, Work

__all__ = ["Idle", "Loop", "Relay", "RelayOptions", "Session", "Steps", "Work"]
