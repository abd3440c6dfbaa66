"""What becomes of a delivery: its states, what replies mean, when to try again, how fast to go.

Nothing here sends, stores or reads a clock.
"""

from pipeline.delivery.bounces import Bounce, BounceKind, read_bounces
from pipeline.delivery.limits import Bucket, Gate, Prefetch, is_content_refused
from pipeline.delivery.mta_log import accepted_by_postfix
from pipeline.delivery.providers import READERS, Feedback, Keys, Request
from pipeline.delivery.recovery import left_at
from pipeline.delivery.replies import CLOSING, PERMANENT, Meaning, meaning
from pipeline.delivery.retries import (
    COOL_DOWN,
    JITTER,
    PATIENCE,
    WAITS,
    Outcome,
    after,
    wait,
)
from pipeline.delivery.states import TRANSITIONS, Event, move

__all__ = [
    "CLOSING",
    "COOL_DOWN",
    "JITTER",
    "PATIENCE",
    "PERMANENT",
    "READERS",
    "TRANSITIONS",
    "WAITS",
    "Bounce",
    "BounceKind",
    "Bucket",
    "Event",
    "Feedback",
    "Gate",
    "Keys",
    "Meaning",
    "Outcome",
    "Prefetch",
    "Request",
    "accepted_by_postfix",
    "after",
    "is_content_refused",
    "left_at",
    "meaning",
    "move",
    "read_bounces",
    "wait",
]
