"""Frequencies as docs/scheduling.md defines them, by looking at every day (hourly: at every step) from the start on."""

from calendar import monthrange
from datetime import date, datetime, timedelta

import clock

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
FULL = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
HORIZON = 9 * 366


def nth_weekday(day, text):
    """Whether a day is the weekday that is asked for: tue, 2tue, -1fri, lastfri."""
    text = text.lower()
    number, name = ("-1", text[4:]) if text.startswith("last") else (text.rstrip("abcdefghijklmnopqrstuvwxyz"), text.lstrip("+-0123456789"))
    if DAYS[day.weekday()] != name[:3]:
        return False
    if not number:
        return True
    of_month = [d for d in range(1, monthrange(day.year, day.month)[1] + 1) if date(day.year, day.month, d).weekday() == day.weekday()]
    n = int(number)
    return abs(n) <= len(of_month) and of_month[n - 1 if n > 0 else n] == day.day


def month_day_fits(day, wanted, clamped):
    last = monthrange(day.year, day.month)[1]
    return any(day.day == (min(n, last) if clamped else n) if n > 0 else day.day == last + 1 + n for n in wanted)


def fits(spec, start, day):
    frequency, every = spec["frequency"], spec.get("every") or 1
    weekdays, month_days, months = (spec.get(name) or [] for name in ("weekdays", "month_days", "months"))
    counted = {
        "daily": (day - start).days,
        "weekly": ((day - start).days + start.weekday()) // 7,
        "monthly": (day.year - start.year) * 12 + day.month - start.month,
        "yearly": day.year - start.year,
    }.get(frequency, 0)
    if frequency != "hourly" and (counted < 0 or counted % every):
        return False
    plain = not weekdays and not month_days
    if plain and frequency == "weekly" and day.weekday() != start.weekday():
        return False
    if plain and frequency in ("monthly", "yearly"):
        month_days = [start.day]
    if frequency == "yearly" and not months:
        months = [start.month]
    clamped = frequency in ("monthly", "yearly") and not weekdays
    return (
        (not weekdays or any(nth_weekday(day, text) for text in weekdays))
        and (not month_days or month_day_fits(day, month_days, clamped))
        and (not months or day.month in months)
    )


def cases(random, number_of_cases, zones):
    for _ in range(number_of_cases):
        frequency = random.choice(["once", "hourly", "daily", "weekly", "monthly", "yearly", "monthly", "yearly"])
        zone = random.choice(zones)
        start = datetime(random.randint(2018, 2027), random.randint(1, 12), 1) + timedelta(days=random.choice([0, 13, 27, 28, 29, 30]))
        if zone.changes and random.random() < 0.6:
            start = clock.moment(random.choice(zone.changes)).replace(microsecond=0) + timedelta(days=random.randint(-8, 1))
            start = start.replace(hour=0, minute=0, second=0)
        start += timedelta(minutes=random.choice([0, 30, 90, 120, 150, 1410, random.randrange(1440)]))
        spec = {"start_at": start.isoformat(), "frequency": frequency, **zone.policies(random)}
        if frequency == "once" and random.random() < 0.5:
            del spec["frequency"]
        if frequency != "once":
            if random.random() < 0.6:
                spec["every"] = random.choice([1, 2, 3, 5, 7, 11, 36])
            counted = frequency in ("monthly", "yearly") and random.random() < 0.5
            if random.random() < 0.35:
                ordinal = (lambda: random.choice(["1", "2", "3", "4", "5", "-1", "-2", "last", ""])) if counted else (lambda: "")
                spec["weekdays"] = [ordinal() + random.choice(random.choice([DAYS, FULL])) for _ in range(random.randint(1, 3))]
            if random.random() < 0.35:
                spec["month_days"] = [random.choice([1, 13, 15, 28, 29, 30, 31, -1, -2, -31]) for _ in range(random.randint(1, 3))]
            if random.random() < 0.3:
                spec["months"] = random.sample(range(1, 13), random.randint(1, 4))
        after = None
        if random.random() < 0.5:
            after = clock.micros(start) + random.randrange(1200 * 86400) * clock.SECOND
        if random.random() < 0.2:
            spec["until"] = (start + timedelta(days=random.randint(0, 400))).date().isoformat()
        if random.random() < 0.3:
            out = expected(spec, 4, None)[0][1:4:2] if frequency != "once" else []
            spec["exdates"] = [clock.Zone.named(zone.name).local(t).isoformat() for t in out]
        yield spec, 8, after


def expected(spec, n, after):
    start = datetime.fromisoformat(spec["start_at"])
    horizon = clock.begin(spec, after) + timedelta(days=HORIZON)
    if spec.get("frequency", "once") == "once":
        # Once is once, also where the clock shows its time twice.
        once = {**spec, "dst_fold": "first" if spec["dst_fold"] == "both" else spec["dst_fold"]}
        return clock.collect(once, lambda low: [start] if start >= low else [], n, after, horizon), horizon, None
    if spec["frequency"] == "hourly":
        return hourly(spec, start, n, after), horizon, None

    def locals_from(low):
        for ahead in range((low - start).days - 1, (horizon - start).days + 1):
            local = start + timedelta(days=ahead)
            if local >= low and fits(spec, start.date(), local.date()):
                yield local

    return clock.collect(spec, locals_from, n, after, horizon), horizon, None


def hourly(spec, start, n, after):
    zone = clock.Zone.named(spec["time_zone"])
    gap = spec["dst_gap"]
    at = first = zone.instants(start, "next_valid" if gap == "skip" else gap, spec["dst_fold"])[0]
    step = (spec.get("every") or 1) * 3600 * clock.SECOND
    last = max(first, after or 0) + HORIZON * 86400 * clock.SECOND
    left_out = set(spec.get("exdates") or [])
    found = []
    if after is not None and after > first:
        at += (after - first) // step * step
    while at <= last and len(found) < n:
        local = zone.local(at)
        wanted = (after is None or at > after) and local.isoformat() not in left_out
        if spec.get("until") and local.date().isoformat() > spec["until"]:
            wanted = False
            if local.date() > datetime.fromisoformat(spec["until"]).date() + timedelta(days=3):
                break
        if wanted and fits(spec, start.date(), local.date()):
            found.append(at)
        at += step
    return found
