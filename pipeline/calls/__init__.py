"""What we tell other servers over HTTP: a hub of a feed that changed, a program of an event."""

from pipeline.calls.http import fetch
from pipeline.calls.webhooks import Hook
from pipeline.calls.websub import Hub

__all__ = ["Hook", "Hub", "fetch"]
