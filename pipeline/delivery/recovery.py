"""What a sender that is gone had come to with a message, judged by its journal."""

from __future__ import annotations

from pipeline.delivery.states import Event


def left_at(is_intended: bool, is_accepted: bool) -> Event:
    """What happened to a message that was leased.

    Args:
        is_intended: Whether its sender noted that it was about to hand it over.
        is_accepted: Whether it noted that the relay had taken it.
    """
    if is_accepted:
        return Event.ACCEPT
    return Event.LOSE if is_intended else Event.RELEASE
