"""RFC 5545 rules against python-dateutil, which is given local times only; the zones are clock.py's."""

import signal
import types
import warnings
from datetime import date, datetime, time, timedelta
from itertools import islice

from dateutil import rrule

import clock

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
HORIZON = 30 * 366
# dateutil looks for what never comes until the year 9999; here it is told that time ends earlier.
LAST_YEAR = 2070
rrule.datetime = types.SimpleNamespace(MAXYEAR=LAST_YEAR, datetime=datetime, date=date, time=time, timedelta=timedelta)
warnings.simplefilter("ignore", DeprecationWarning)


class TooSlow(Exception):
    """dateutil looks at every second of a rule that leaves most of them out."""


def some(random, share, low, high, most=3, negative=False):
    """A list for a BYxxx part, or none."""
    if random.random() >= share:
        return []
    numbers = {random.randint(low, high) * (random.choice([1, -1]) if negative else 1) for _ in range(random.randint(1, most))}
    return sorted(numbers)


def rule(random, start):
    freq = random.choice(["YEARLY", "MONTHLY", "WEEKLY", "DAILY"] * 3 + ["HOURLY", "MINUTELY", "SECONDLY"])
    rank = ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"].index(freq)
    parts = {"FREQ": freq}
    if random.random() < 0.6:
        parts["INTERVAL"] = random.choice([1, 2, 3, 4, 5, 7, 12, 13, 25, 90])
    week_start = "MO"
    if random.random() < 0.4:
        week_start = parts["WKST"] = random.choice(DAYS)
    # Of seconds and minutes dateutil looks at each one that a filter leaves out.
    short = rank > 4
    parts["BYMONTH"] = [] if short else some(random, 0.3, 1, 12, 4)
    if freq == "YEARLY":
        parts["BYWEEKNO"] = some(random, 0.15, 1, 53, 4, negative=True)
        # dateutil miscounts the weeks of a year whose last week reaches into the next.
        parts["BYWEEKNO"] = [n for n in parts["BYWEEKNO"] if abs(n) < 52]
    if freq in ("YEARLY", "HOURLY"):
        parts["BYYEARDAY"] = some(random, 0.15, 1, 366, 6, negative=True)
    if freq != "WEEKLY" and not short:
        parts["BYMONTHDAY"] = some(random, 0.25, 1, 31, 4, negative=True)
    if random.random() < 0.45:
        days = random.sample(DAYS, random.randint(1, 4))
        if rank < 2 and not parts.get("BYWEEKNO") and random.random() < 0.5:
            most = 53 if freq == "YEARLY" and not parts["BYMONTH"] else 5
            # All of them with a number: dateutil takes a plain weekday beside a numbered one for one more condition.
            days = [f"{random.choice(['', '+', '-'])}{random.randint(1, most)}{day}" for day in days]
        parts["BYDAY"] = days
    parts["BYHOUR"] = some(random, 0.25, 0, 23)
    parts["BYMINUTE"] = some(random, 0.25, 0, 59)
    parts["BYSECOND"] = some(random, 0.15, 0, 59, 2)
    by = [name for name in parts if name.startswith("BY") and parts[name]]
    if by and random.random() < 0.2:
        # A minute or a second seldom holds more than one, and dateutil looks at each for a second one.
        parts["BYSETPOS"] = some(random, 1, 1, 1 if short else 4, 2, negative=True)
        if freq == "WEEKLY":
            # dateutil cuts the first week short where it begins in the middle: let it begin with the week.
            start -= timedelta(days=(start.weekday() - DAYS.index(week_start)) % 7)
    if random.random() < 0.2:
        parts["COUNT"] = random.randint(1, 60)
    elif random.random() < 0.25:
        until = start + timedelta(seconds=random.randint(0, [9e8, 9e7, 3e7, 5e6, 4e5, 2e4, 900][rank].__int__()))
        parts["UNTIL"] = until.strftime(random.choice(["%Y%m%d", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ"]))
    text = ";".join(
        f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}" for name, value in parts.items() if value != []
    )
    return text, start, rank


def leave_out(random, spec):
    """Adds exdates: two of the first local times."""
    try:
        local = expected(spec | {"time_zone": "UTC"}, 8, None)[0] or []
    except TooSlow:
        return
    out = [clock.moment(t) for t in random.sample(local, min(2, len(local)))]
    if out and random.random() < 0.5:
        spec["exdates"] = [t.isoformat() for t in out]
    elif out:
        spec["rrule"] += "\nEXDATE:" + ",".join(t.strftime("%Y%m%dT%H%M%S") for t in out)


def cases(random, number_of_cases, zones):
    for _ in range(number_of_cases):
        start = datetime(random.randint(2015, 2026), random.randint(1, 12), random.randint(1, 28)) + timedelta(
            days=random.choice([0, 0, 0, 1, 2]), seconds=random.choice([0, 1800, 9000, 21600, random.randrange(86400)])
        )
        zone = random.choice(zones) if random.random() < 0.5 else None
        if zone and zone.changes and random.random() < 0.6:
            near = clock.moment(random.choice(zone.changes)) + timedelta(seconds=random.randint(-1, 1) * random.randrange(86400))
            start = near.replace(microsecond=0, second=0)
        text, start, rank = rule(random, start)
        spec = {"start_at": start.isoformat(), "rrule": text}
        if zone:
            spec |= zone.policies(random)
        after = None
        if random.random() < 0.5:
            ahead = [3000, 800, 400, 100, 20, 2, 0.01][rank] * 86400
            after = clock.micros(start) + int(random.random() * ahead) * clock.SECOND
        if random.random() < 0.25:
            leave_out(random, spec)
        if random.random() < 0.1:
            spec["until"] = (start + timedelta(days=random.randint(0, 900))).date().isoformat()
        yield spec, 10, after


def alarm(*_):
    raise TooSlow


def expected(spec, n, after):
    # In CPU time, so that a busy machine leaves out no more than an idle one.
    signal.signal(signal.SIGVTALRM, alarm)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.25)
    try:
        return told(spec, n, after)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def told(spec, n, after):
    text, *lines = spec["rrule"].split("\n")
    parts = dict(part.split("=") for part in text.split(";"))
    start = datetime.fromisoformat(spec["start_at"])
    elapsed = parts["FREQ"] in ("HOURLY", "MINUTELY", "SECONDLY")
    zone = clock.Zone.named(spec.get("time_zone") or "UTC")
    limit = count = until = None
    if "COUNT" in parts and elapsed:
        # What goes by elapsed time counts runs, which in a fold are more than local times.
        count = int(parts.pop("COUNT"))
    if "UNTIL" in parts:
        text_of_until = parts.pop("UNTIL")
        if text_of_until.endswith("Z"):
            limit = clock.micros(datetime.strptime(text_of_until, "%Y%m%dT%H%M%SZ"))
        elif len(text_of_until) == 8:
            until = datetime.strptime(text_of_until, "%Y%m%d") + timedelta(days=1, microseconds=-1)
        else:
            until = datetime.strptime(text_of_until, "%Y%m%dT%H%M%S")
    try:
        oracle = rrule.rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=start)
    except ValueError:
        # dateutil refuses an interval that never meets its filters.
        return None, None, "never fires"
    left_out = list(spec.get("exdates") or [])
    for line in lines:
        left_out += [datetime.strptime(t, "%Y%m%dT%H%M%S").isoformat() for t in line.split(":")[1].split(",")]

    def locals_from(low):
        try:
            for local in islice(oracle, 200_000):
                if until and local > until:
                    return
                if local >= low:
                    yield local
        except ValueError:
            # The same, which is noticed late where two filters have to be met.
            return

    plain = {**spec, "exdates": left_out}
    horizon = min(clock.begin(spec, after) + timedelta(days=HORIZON), datetime(LAST_YEAR - 1, 12, 31))
    if count is not None:
        # EXDATEs are counted, and then left out.
        counted = clock.collect({**spec, "exdates": None, "until": None}, locals_from, count, None, horizon, True)
        limit = counted[-1] if len(counted) == count else None
    return clock.collect(plain, locals_from, n, after, horizon, elapsed, limit), horizon, None
