"""When parts are due: one calendar for the live run, the drip by mail and the drip by feed."""

from pipeline.schedule.cadence import Cadence, parse_cadence, with_hour
from pipeline.schedule.due import (
    Decision,
    Due,
    Finished,
    Held,
    Waiting,
    next_release,
    upcoming,
)
from pipeline.schedule.follow import Followed, first_at, follow
from pipeline.schedule.slots import instant, local_hour, slot_at, slots, slots_after
from pipeline.schedule.zone import check_zone, zones

__all__ = [
    "Cadence",
    "Decision",
    "Due",
    "Finished",
    "Followed",
    "Held",
    "Waiting",
    "check_zone",
    "first_at",
    "follow",
    "instant",
    "local_hour",
    "next_release",
    "parse_cadence",
    "slot_at",
    "slots",
    "slots_after",
    "upcoming",
    "with_hour",
    "zones",
]
