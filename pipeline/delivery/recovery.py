"""What a sender that is gone had come to with a message, judged by its journal."""

from __future__ import annotations

from collections.abc import Collection

from pipeline.delivery.states import Event


def left_at(message_id: str, intended: Collection[str], accepted: Collection[str]) -> Event:
    """What happened to a message that was leased.

    Args:
        message_id: Its Message-ID.
        intended: The messages that the sender noted as about to be handed over.
        accepted: Those of which it noted that the relay had taken them.
    """
    if message_id in accepted:
        return Event.ACCEPT
    return Event.LOSE if message_id in intended else Event.RELEASE
