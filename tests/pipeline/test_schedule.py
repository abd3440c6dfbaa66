"""schedule: no slot lost, none doubled, none stuck, in any zone, through every clock change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline import schedule
from pipeline.errors import ScheduleError
from pipeline.model import CatchUp, Release, Run, Slot

ZONES = (
    "Europe/Berlin", "Europe/London", "America/New_York", "America/Sao_Paulo", "America/St_Johns",
    "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia", "Asia/Kathmandu", "Africa/Cairo",
    "Africa/Casablanca", "UTC",
)  # fmt: skip
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
YEAR = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def transitions(zone: str) -> list[datetime]:
    """The hours of 2026 in which a zone's clocks change; New Year where they never do."""
    hours = [YEAR[0] + timedelta(hours=n) for n in range(365 * 24)]
    rules = ZoneInfo(zone)
    found = [
        late
        for early, late in pairwise(hours)
        if early.astimezone(rules).utcoffset() != late.astimezone(rules).utcoffset()
    ]
    return found or [YEAR[0]]


CHANGES = [(zone, at) for zone in ZONES for at in transitions(zone)]


def reached(slot: Slot, around: datetime) -> datetime:
    """The oracle: the first minute at which a clock on the wall shows the slot's time or later."""
    rules = ZoneInfo(slot.zone)
    at = around - 3 * DAY
    while at.astimezone(rules).replace(tzinfo=None) < slot.local:
        at += MINUTE
    return at


def run_of(cadence: str, start: Any = "first-run", zone: str = "Europe/Berlin", **more: Any) -> Run:
    """A run that comes to life on Monday 9 March 2026 at 09:05 in Berlin."""
    return Run(cadence, zone, start, datetime(2026, 3, 9, 8, 5, tzinfo=UTC), **more)


def locals_of(run: Run, count: int) -> list[str]:
    """The first slots of a run, as a wall clock says them."""
    return [f"{slot.local:%a %d %b %H:%M}" for slot in islice(schedule.slots(run), count)]


def ticked(run: Run, total: int, moments: list[datetime]) -> list[tuple[int, datetime]]:
    """Which part goes out at which moment when ticks come at these."""
    released: list[Release] = []
    for now in moments:
        while isinstance(found := schedule.next_release(run, released, total, now), schedule.Due):
            released.append(Release(found.number, found.slot, now))
    return [(one.number, one.released_at) for one in released]


@settings(deadline=None)  # a walk by the minute is slow on a busy machine
@given(st.sampled_from(CHANGES), st.times(), st.integers(-1, 1))
def test_a_slot_is_when_the_clock_on_the_wall_first_shows_it(
    change: tuple[str, datetime], at: time, day: int
) -> None:
    """In a gap the first valid instant after it, in a fold the first of the two."""
    zone, moment = change
    local = moment.astimezone(ZoneInfo(zone)).date() + day * DAY
    slot = Slot(datetime.combine(local, at.replace(second=0, microsecond=0, fold=0)), zone)
    assert schedule.instant(slot) == reached(slot, moment)


@settings(deadline=None)  # a walk by the minute is slow on a busy machine
@given(
    st.sampled_from(CHANGES),
    st.times(),
    st.sampled_from(["daily", "every 2 days", "weekdays", "weekly mon,wed,sat,sun", "1d", "cron"]),
    st.integers(7, 120),
)
def test_no_slot_is_lost_or_doubled(
    change: tuple[str, datetime], at: time, cadence: str, pause: int
) -> None:
    """Ticks at any pace over a clock change let every part out once, in order, on its slot."""
    zone, moment = change
    text = f"cron {at.minute} {at.hour} * * *" if cadence == "cron" else f"{cadence} {at:%H:%M}"
    begin = moment.astimezone(ZoneInfo(zone)).date() - DAY
    run = Run(text, zone, begin, moment - 3 * DAY)
    wanted = list(islice(schedule.slots(run), 3))
    assert len(set(wanted)) == 3
    end = schedule.instant(wanted[-1]) + timedelta(minutes=pause)
    now, moments = moment - 3 * DAY, []
    while now <= end:
        moments.append(now)
        now += timedelta(minutes=pause)
    out = ticked(run, 3, moments)
    assert [number for number, _ in out] == [1, 2, 3]
    for (_, when), slot in zip(out, wanted, strict=True):
        assert timedelta(0) <= when - schedule.instant(slot) < timedelta(minutes=pause)


@pytest.mark.parametrize(
    ("cadence", "wanted"),
    [
        ("daily 09:00", ["Mon 09 Mar 09:00", "Tue 10 Mar 09:00"]),
        ("every 3 days 7:30", ["Mon 09 Mar 07:30", "Thu 12 Mar 07:30", "Sun 15 Mar 07:30"]),
        ("3d", ["Mon 09 Mar 09:00", "Thu 12 Mar 09:00"]),
        ("weekdays 07:30", ["Mon 09 Mar 07:30", "Tue 10 Mar 07:30"]),
        ("weekly mon,thu 09:00", ["Mon 09 Mar 09:00", "Thu 12 Mar 09:00", "Mon 16 Mar 09:00"]),
        ("weekly 18:00", ["Mon 09 Mar 18:00", "Mon 16 Mar 18:00"]),
        ("Weekly FRI", ["Fri 13 Mar 09:00", "Fri 20 Mar 09:00"]),
        ("monthly 31 09:00", ["Tue 31 Mar 09:00", "Thu 30 Apr 09:00", "Sun 31 May 09:00"]),
        ("monthly 1", ["Wed 01 Apr 09:00", "Fri 01 May 09:00"]),
        ("every 2 weeks 08:00", ["Mon 09 Mar 08:00", "Mon 23 Mar 08:00"]),
        ("every week", ["Mon 09 Mar 09:00", "Mon 16 Mar 09:00"]),
        ("weekly monday thurs 10:00", ["Mon 09 Mar 10:00", "Thu 12 Mar 10:00"]),
        ("14d", ["Mon 09 Mar 09:00", "Mon 23 Mar 09:00"]),
        ("cron 0 9 * * 1", ["Mon 09 Mar 09:00", "Mon 16 Mar 09:00"]),
        ("cron 30 6 * * 7", ["Sun 15 Mar 06:30", "Sun 22 Mar 06:30"]),
        ("cron 0 */12 * * *", ["Mon 09 Mar 00:00", "Mon 09 Mar 12:00", "Tue 10 Mar 00:00"]),
    ],
)
def test_a_cadence_means_what_it_says(cadence: str, wanted: list[str]) -> None:
    """Every form that settings accept, from Monday 9 March 2026 on."""
    assert locals_of(run_of(cadence, date(2026, 3, 9)), len(wanted)) == wanted


@pytest.mark.parametrize(
    ("cadence", "wanted"),
    [
        ("weekly mon 09:00", ["Mon 09 Mar 09:05", "Mon 16 Mar 09:00"]),
        ("weekly tue 09:00", ["Mon 09 Mar 09:05", "Tue 10 Mar 09:00"]),
        ("weekly", ["Mon 09 Mar 09:05", "Mon 16 Mar 09:00"]),
        ("every 2 days 23:00", ["Mon 09 Mar 09:05", "Wed 11 Mar 23:00", "Fri 13 Mar 23:00"]),
    ],
)
def test_a_first_run_begins_at_once(cadence: str, wanted: list[str]) -> None:
    """Part 1 is due when the run comes to life, the others on the cadence, on later days."""
    assert locals_of(run_of(cadence), len(wanted)) == wanted


@pytest.mark.parametrize(
    "text",
    ["", "sometimes", "weekly moon", "every 0 days", "monthly 32", "daily 25:00", "cron 0 9",
     "cron 0 0 30 2 *", "every -1 days", "daily 09:00; rm", "cron 0 0 9 * * 1", "cron * * * * * *",
     "every 9999 days", "every 99 weeks", "weekly mo", "every ３ days", "cron", "monthly"],
)  # fmt: skip
def test_nonsense_is_refused_with_advice(text: str) -> None:
    """What names no slots is an error that says what is accepted."""
    with pytest.raises(ScheduleError, match="cadence"):
        schedule.parse_cadence(text)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("Berlin", "Europe/Berlin"), ("EST5", "America/New_York"), ("UTC+2", "Etc/GMT-2 "),
     ("-03:00", r"Etc/GMT\+3 "), ("Europe/Berln", "Europe/Berlin"), ("CEST", "Europe/Berlin"),
     ("new york", "America/New_York"), ("europe/paris", "Europe/Paris"), ("utc", "UTC"),
     ("right/Europe/Berlin", "place"), ("../etc", "place"), ("", "place"), ("Europe", "place")],
)  # fmt: skip
def test_a_zone_that_is_none_gets_a_suggestion(name: str, hint: str) -> None:
    """Abbreviations, offsets and slips are refused with the name that was probably meant."""
    with pytest.raises(ScheduleError, match=hint):
        schedule.check_zone(name)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("wekly mon 09:00", "`weekly mon 09:00`"),
        ("dialy 09:00", "`daily 09:00`"),
        ("every 3 dys", "`every 3 days`"),
        ("weekday 07:30", "`weekdays 07:30`"),
    ],
)
def test_a_slip_in_a_cadence_gets_a_suggestion(text: str, meant: str) -> None:
    """A misspelt word is answered with the cadence that was probably meant."""
    with pytest.raises(ScheduleError, match=f"did you mean {meant}"):
        schedule.parse_cadence(text)


@given(st.sampled_from(["daily 09:00", "weekly mon", "3d", "monthly 1", "cron 5 4 * * *"]),
       st.integers(0, 23))  # fmt: skip
def test_an_hour_can_be_ones_own(cadence: str, hour: int) -> None:
    """The same days at another full hour."""
    moved = run_of(schedule.with_hour(cadence, hour), date(2026, 3, 9))
    slots = list(islice(schedule.slots(moved), 3))
    assert {slot.local.time() for slot in slots} == {time(hour)}
    with pytest.raises(ScheduleError, match="hour"):
        schedule.with_hour(cadence, 24)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("skipped", range(8))
def test_a_skipped_week_is_spread(skipped: int, zone: str) -> None:
    """Weekly ticks with one missed: the overdue part first, one a tick, all seven out."""
    run = run_of("weekly mon 09:00", date(2026, 3, 9), zone)
    local = datetime(2026, 3, 9, 9, 0, tzinfo=ZoneInfo(zone))
    moments = [local + timedelta(weeks=n) for n in range(8) if n != skipped]
    assert [number for number, _ in ticked(run, 7, moments)] == [1, 2, 3, 4, 5, 6, 7]


@given(st.integers(1, 60), st.integers(2, 13))
def test_spread_lets_one_part_out_a_day(late_seconds: int, missed: int) -> None:
    """After a break daily ticks, some seconds late, let one part out a day until on its slots."""
    run = run_of("weekly mon 09:00", date(2026, 3, 9))
    first = schedule.instant(Slot(datetime(2026, 3, 9, 9), "Europe/Berlin"))  # noqa: DTZ001 -- local
    moments = [first + timedelta(seconds=late_seconds)]
    moments += [moments[0] + n * DAY for n in range(missed + 7, 60)]
    out = ticked(run, 5, moments)
    assert [number for number, _ in out] == [1, 2, 3, 4, 5]
    gaps = [late - early for (_, early), (_, late) in pairwise(out)]
    assert min(gaps) >= DAY
    behind = [when for number, when in out[1:] if when < first + (number - 1) * 7 * DAY]
    assert behind == []


def weeks_of(hour: int, minute: int = 0, *, utc: bool = False) -> list[datetime]:
    """One tick a week from Monday 9 March 2026, at a time in Berlin or at a constant one of UTC."""
    zone = UTC if utc else ZoneInfo("Europe/Berlin")
    first = datetime(2026, 3, 9, hour, minute, tzinfo=zone)
    return [(first + n * 7 * DAY).astimezone(UTC) for n in range(8)]


@pytest.mark.parametrize(
    "ticks",
    [weeks_of(9, 5), weeks_of(9), weeks_of(8, 0, utc=True), weeks_of(23, 59)],
    ids=["local 09:05", "on the slot", "UTC, over the change of 29 March", "late"],
)
@pytest.mark.parametrize("copies", [1, 2])
def test_eight_weekly_ticks(ticks: list[datetime], copies: int) -> None:
    """Parts 1 to 7 on their slots; with week 3 skipped one a tick from there, all out in week 8."""
    run = run_of("weekly mon 09:00", date(2026, 3, 9))
    repeated = [tick for tick in ticks for _ in range(copies)]
    assert ticked(run, 7, repeated) == list(enumerate(ticks[:7], start=1))
    assert [slot.key[:10] for slot in used(run, 7, repeated)] == [
        f"{date(2026, 3, 9) + n * 7 * DAY}" for n in range(7)
    ]
    kept = [tick for tick in repeated if tick != ticks[2]]
    left = [*ticks[:2], *ticks[3:]]
    assert ticked(run, 7, kept) == list(enumerate(left, start=1))
    assert used(run, 7, kept) == used(run, 7, repeated)


def used(run: Run, total: int, moments: list[datetime]) -> list[Slot]:
    """The slots that the ledger holds when ticks come at these moments."""
    released: list[Release] = []
    for now in moments:
        while isinstance(found := schedule.next_release(run, released, total, now), schedule.Due):
            released.append(Release(found.number, found.slot, now))
    return [one.slot for one in released]


def test_a_drip_that_starts_in_week_five_begins_with_part_one() -> None:
    """Part 1 at once, part k at the reader's own slot k, whatever the live run has reached."""
    joined = datetime(2026, 4, 8, 17, 42, 10, tzinfo=UTC)
    run = Run("weekly mon 09:00", "Europe/Berlin", "first-run", joined)
    mondays = [datetime(2026, 4, 13, 7, tzinfo=UTC) + n * 7 * DAY for n in range(6)]
    assert ticked(run, 7, [joined, *mondays]) == list(enumerate([joined, *mondays], start=1))
    assert dict(schedule.upcoming(run, [], 7, joined)) == dict(
        enumerate([joined, *mondays], start=1)
    )


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change[0]} {change[1]:%d %b}")
@pytest.mark.parametrize("expression", ["*/15 * * * *", "20 0-4 * * *"])
def test_every_slot_goes_out_in_the_minute_the_wall_reaches_it(
    change: tuple[str, datetime], expression: str
) -> None:
    """The oracle walks minute by minute over a change of clocks: nothing lost, doubled or stuck."""
    zone, moment = change
    rules = ZoneInfo(zone)
    minutes = [moment + n * MINUTE for n in range(-4 * 60, 4 * 60)]
    shown = [minute.astimezone(rules).replace(tzinfo=None) for minute in minutes]
    start, reached_so_far, wanted = shown[0].date() - DAY, shown[0] - MINUTE, []
    for minute, wall in zip(minutes, shown, strict=True):
        while reached_so_far < wall:
            reached_so_far += MINUTE
            if matches(expression, reached_so_far):
                wanted.append((minute, Slot(reached_so_far, zone)))
    run = Run(f"cron {expression}", zone, start, moment, catch_up=CatchUp.ALL)
    before = schedule.slots_after(run, Slot(shown[0] - 2 * DAY, zone))
    released = [Release(1, one, minutes[0] - DAY) for one in before_of(before, shown[0])]
    found = []
    for now in minutes:
        while isinstance(due := schedule.next_release(run, released, 10**6, now), schedule.Due):
            found.append((now, due.slot))
            released.append(Release(due.number, due.slot, now))
    assert found == wanted


def matches(expression: str, local: datetime) -> bool:
    """Whether a cron expression of the few kinds used here names a local minute."""

    def one(field: str, value: int) -> bool:
        if field.startswith("*"):
            return value % int(field.partition("/")[2] or 1) == 0
        bounds = [part.split("-") for part in field.split(",")]
        return any(int(bound[0]) <= value <= int(bound[-1]) for bound in bounds)

    minute, hour, *_ = expression.split()
    return one(minute, local.minute) and one(hour, local.hour)


def before_of(coming: Iterator[Slot], local: datetime) -> list[Slot]:
    """The last slot before a local time."""
    last: list[Slot] = []
    for slot in coming:
        if slot.local >= local:
            break
        last = [slot]
    return last


@settings(deadline=None)  # a walk by the minute is slow on a busy machine
@given(
    st.integers(0, 23 * 60 + 59),
    st.integers(0, 23),
    st.lists(st.integers(0, 59), min_size=30, max_size=30),
    st.sampled_from([date(2026, 3, 24), date(2026, 10, 20)]),
    st.booleans(),
)
def test_a_daily_tick_lets_out_one_overdue_part_a_day(
    minute: int, hour: int, seconds: list[int], begin: date, utc: bool
) -> None:
    """At any fixed time, of UTC or local, some seconds late, over both changes of clocks."""
    assume(utc or minute // 60 != 2)  # a local time that is missing on 29 March is not fixed
    run = run_of(f"weekly mon {hour:02}:00", begin - 70 * DAY, max_late=100 * DAY)
    zone = UTC if utc else ZoneInfo("Europe/Berlin")
    first = datetime.combine(begin, time(minute // 60, minute % 60), zone)
    moments = [
        (first + n * DAY).astimezone(UTC) + timedelta(seconds=late)
        for n, late in enumerate(seconds)
    ]
    out = ticked(run, 9, moments)
    assert out == list(enumerate(moments[:9], start=1))


def test_a_daily_run_catches_up_by_the_day_also_when_the_clocks_change() -> None:
    """A day of 23 hours between two slots is a day, not less than one."""
    run = run_of("daily 09:00", date(2026, 3, 26))
    back = datetime(2026, 3, 28, 10, tzinfo=UTC)
    released = [Release(1, Slot(datetime(2026, 3, 26, 9), run.zone), back)]  # noqa: DTZ001 -- local
    found = schedule.next_release(run, released, 9, back)
    assert isinstance(found, schedule.Waiting)
    assert found.due_at == datetime(2026, 3, 29, 7, tzinfo=UTC)


def test_a_run_of_several_slots_a_day_catches_up() -> None:
    """Its overdue parts go out twice as fast as they come, until it is on its slots again."""
    run = run_of("cron 0 */2 * * *", date(2026, 3, 9))
    back = datetime(2026, 3, 10, 8, 30, tzinfo=UTC)
    moments = [back + n * timedelta(minutes=1) for n in range(2 * 1440)]
    out = ticked(run, 40, moments)
    slots = used(run, 40, moments)
    lag = [when - schedule.instant(slot) for (_, when), slot in zip(out, slots, strict=True)]
    assert max(late - early for early, late in pairwise(lag)) <= timedelta(0)
    assert lag[0] > DAY
    assert lag[-1] < 2 * MINUTE
    assert {b - a for (_, a), (_, b) in pairwise(out[:10])} == {timedelta(hours=1)}


def test_a_resumed_run_is_not_held_again_for_what_was_decided() -> None:
    """Thirty overdue weeks, let out one a day, need one decision of the operator and no more."""
    resumed_at = datetime(2026, 10, 5, 9, tzinfo=UTC)
    run = run_of("weekly mon 09:00", date(2026, 3, 9), resumed_at=resumed_at)
    out = ticked(run, 30, [resumed_at + n * DAY for n in range(60)])
    assert [number for number, _ in out] == list(range(1, 31))
    silent = [Release(1, next(schedule.slots(run)), resumed_at)]
    assert isinstance(schedule.next_release(run, silent, 30, resumed_at + 16 * DAY), schedule.Held)


def test_a_move_to_another_zone_makes_no_burst() -> None:
    """After a move the next slot is later by the wall and in truth: one part a slot, no more."""
    monday = Slot(datetime(2026, 3, 9, 9), "Europe/Berlin")  # noqa: DTZ001 -- local
    released = [Release(1, monday, schedule.instant(monday))]
    for zone in ("America/New_York", "Asia/Tokyo", "Pacific/Apia"):
        weekly = run_of("weekly mon 09:00", date(2026, 3, 9), zone)
        found = schedule.next_release(weekly, released, 9, released[0].released_at)
        assert isinstance(found, schedule.Waiting)
        assert found.slot == Slot(datetime(2026, 3, 16, 9), zone)  # noqa: DTZ001 -- local
    hourly = run_of("cron 0 * * * *", date(2026, 3, 9), "Pacific/Apia")
    now = released[0].released_at
    assert isinstance(schedule.next_release(hourly, released, 9, now), schedule.Waiting)


def test_all_lets_everything_out_at_once() -> None:
    """With `all` the overdue parts go out together, in order."""
    run = run_of("weekly mon,thu 09:00", date(2026, 3, 9), catch_up=CatchUp.ALL)
    now = datetime(2026, 3, 17, 9, tzinfo=UTC)
    assert [number for number, _ in ticked(run, 7, [now])] == [1, 2, 3]


def test_shift_moves_the_rest_of_the_run() -> None:
    """With `shift` the overdue part goes out now, the others a slot apart from then."""
    run = run_of("weekly mon 09:00", date(2026, 3, 9), catch_up=CatchUp.SHIFT)
    now = datetime(2026, 3, 18, 9, tzinfo=UTC)
    out = ticked(run, 4, [now])
    assert out == [(1, now)]
    coming = schedule.upcoming(run, [Release(1, next(schedule.slots(run)), now)], 4, now)
    berlin = ZoneInfo("Europe/Berlin")
    assert [f"{at.astimezone(berlin):%d %b %H:%M}" for _, at in coming] == [
        "23 Mar 09:00", "30 Mar 09:00", "06 Apr 09:00",
    ]  # fmt: skip


def test_a_run_far_behind_is_held_until_resumed() -> None:
    """Beyond max_late nothing is due; from the moment it is resumed it goes on."""
    run = run_of("weekly mon 09:00", date(2026, 3, 9))
    now = datetime(2026, 3, 24, 9, tzinfo=UTC)
    held = schedule.next_release(run, [], 7, now)
    assert isinstance(held, schedule.Held)
    assert held.late > 15 * DAY
    assert schedule.upcoming(run, [], 7, now) == ()
    resumed = run_of("weekly mon 09:00", date(2026, 3, 9), resumed_at=now)
    assert isinstance(schedule.next_release(resumed, [], 7, now), schedule.Due)


def test_a_clock_that_steps_back_releases_nothing_twice() -> None:
    """What the ledger has is out, whatever the clock says now."""
    run = run_of("daily 09:00", date(2026, 3, 9))
    moments = [datetime(2026, 3, day, 9, tzinfo=UTC) for day in (9, 10, 9, 1, 10, 11)]
    assert [number for number, _ in ticked(run, 9, moments)] == [1, 2, 3]


def test_an_edited_cadence_goes_on_from_the_last_slot() -> None:
    """A new cadence means new days from here on, never a burst of days gone by."""
    weekly = run_of("weekly mon 09:00", date(2026, 1, 5))
    now = datetime(2026, 3, 10, 9, tzinfo=UTC)
    released = [
        Release(n, slot, schedule.instant(slot))
        for n, slot in enumerate(islice(schedule.slots(weekly), 10), start=1)
    ]
    daily = run_of("daily 09:00", date(2026, 1, 5))
    found = schedule.next_release(daily, released, 20, now)
    assert isinstance(found, schedule.Due)
    assert f"{found.slot.local:%d %b}" == "10 Mar"


@given(st.integers(0, 9), st.integers(0, 40))
def test_what_is_foretold_is_what_happens(count: int, days: int) -> None:
    """Ticks at the foretold instants release exactly the foretold parts."""
    run = run_of("every 3 days 09:00", date(2026, 3, 1), catch_up=CatchUp.SPREAD)
    now = datetime(2026, 3, 1, tzinfo=UTC) + min(days, 14) * DAY
    told = schedule.upcoming(run, [], count, now)
    assert ticked(run, count, [at for _, at in told]) == list(told)


@given(st.sampled_from(ZONES), st.integers(0, 23), st.integers(0, 365 * 24 * 60))
def test_a_local_hour_is_soon(zone: str, hour: int, minute: int) -> None:
    """It is that hour or the end of its gap there, not before `at`, and within a day or so."""
    moment = YEAR[0] + minute * MINUTE
    found = schedule.local_hour(moment, zone, hour)
    assert moment <= found <= moment + timedelta(hours=26)
    shown = found.astimezone(ZoneInfo(zone))
    assert shown.hour == hour or shown.replace(tzinfo=None).time() > time(hour)


def test_a_local_hour_that_comes_twice_may_be_the_second() -> None:
    """Between the two the second is the first instant from now on when it is that hour."""
    first = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # 02:00 in Berlin, and again an hour later
    hour = timedelta(hours=1)
    assert schedule.local_hour(first, "Europe/Berlin", 2) == first
    assert schedule.local_hour(first + MINUTE, "Europe/Berlin", 2) == first + hour
    assert schedule.local_hour(first + hour + MINUTE, "Europe/Berlin", 2) == first + 25 * hour


def test_a_long_pause_of_a_dense_run_costs_nothing() -> None:
    """With `shift` the next of a slot a minute is found after ten years without walking them."""
    run = run_of("cron * * * * *", date(2016, 1, 1), catch_up=CatchUp.SHIFT)
    early = Slot(datetime(2016, 1, 1, 0, 0), "Europe/Berlin")  # noqa: DTZ001 -- local
    now = datetime(2026, 3, 9, 8, 5, 30, tzinfo=UTC)
    found = schedule.next_release(run, [Release(1, early, now)], 9, now)
    assert isinstance(found, schedule.Waiting)
    assert found.due_at == datetime(2026, 3, 9, 8, 6, tzinfo=UTC)


def test_looking_far_ahead_is_cheap() -> None:
    """The slot after one ten years on is found without walking through ten years."""
    run = run_of("daily 09:00", date(2026, 1, 1))
    last = Slot(datetime(2036, 5, 1, 9), "Europe/Berlin")  # noqa: DTZ001 -- local
    assert next(schedule.slots_after(run, last)).local == datetime(2036, 5, 2, 9)  # noqa: DTZ001 -- local
