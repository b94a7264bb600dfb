"""Cron as Debian's crontab(5) and entry.c have it, found by looking at every second or minute of every day."""

from datetime import datetime, timedelta

import clock

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
DAYS = "sun mon tue wed thu fri sat".split()
FIELDS = [(0, 59, []), (0, 59, []), (0, 23, []), (1, 31, []), (1, 12, MONTHS), (0, 7, DAYS)]
ALIASES = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
# Four hundred years: then the calendar repeats itself.
CYCLE = 146_097
# Days that are looked at for the instants of an expression that has some.
HORIZON = 4000


class Wrong(Exception):
    """crontab would not take it."""


def number(text, low, high, names):
    if text.lower() in names:
        return names.index(text.lower()) + (low if low else 0)
    if not text.isdigit() or not low <= int(text) <= high:
        raise Wrong(text)
    return int(text)


def field(text, low, high, names):
    fits = set()
    for part in text.split(","):
        wide, stroke, step = part.partition("/")
        first, dash, last = wide.partition("-")
        if wide == "*":
            a, b = low, high
        elif dash:
            a, b = number(first, low, high, names), number(last, low, high, names)
        elif stroke:
            raise Wrong(part)
        else:
            a = b = number(wide, low, high, names)
        if a > b or (stroke and (not step.isdigit() or int(step) == 0)):
            raise Wrong(part)
        fits.update(range(a, b + 1, int(step) if stroke else 1))
    return fits


class Cron:
    """An expression, read."""

    def __init__(self, text):
        words = ALIASES.get(text.lower(), text).split()
        if len(words) not in (5, 6):
            raise Wrong(text)
        six = len(words) == 6
        words = words if six else ["0", *words]
        sets = [field(word, *rest) for word, rest in zip(words, FIELDS)]
        second, minute, hour, self.month_days, self.months, weekdays = sets
        self.weekdays = {day % 7 for day in weekdays}
        star = [word.startswith("*") for word in words]
        self.either = not (star[3] or star[5])
        self.elapsed = six or star[1] or star[2]
        self.times = [
            timedelta(seconds=s) for s in range(0, 86400, 1 if six else 60)
            if s % 60 in second and s // 60 % 60 in minute and s // 3600 in hour
        ]  # fmt: skip

    def day_fits(self, day):
        by_month_day = day.day in self.month_days
        by_weekday = day.isoweekday() % 7 in self.weekdays
        fits = by_month_day or by_weekday if self.either else by_month_day and by_weekday
        return fits and day.month in self.months

    def locals_from(self, local):
        midnight = datetime.combine(local.date(), datetime.min.time())
        for n in range(HORIZON + 10):
            day = midnight + timedelta(days=n)
            if self.day_fits(day):
                for time in self.times:
                    if day + time >= local:
                        yield day + time

    def never(self):
        first = datetime(1970, 1, 1)
        return not any(self.day_fits(first + timedelta(days=n)) for n in range(CYCLE))


def element(random, low, high, names):
    def one(n):
        if names and random.random() < 0.4:
            word = names[(n - low) % len(names)]
            return random.choice([word, word.upper(), word.capitalize()])
        return f"{n:02}" if random.random() < 0.1 else str(n)

    kind = random.random()
    a, b = sorted(random.randint(low, high) for _ in range(2))
    # Sunday's name is 0, at the end of a range it does not ascend.
    if kind < 0.25:
        return "*" if random.random() < 0.6 else f"*/{random.randint(1, high + 3)}"
    if kind < 0.55:
        return f"{one(a)}-{one(b)}" + (f"/{random.randint(1, 9)}" if random.random() < 0.5 else "")
    return one(a)


def expression(random):
    if random.random() < 0.03:
        return random.choice([*ALIASES, "@Daily", "@HOURLY", "@reboot", "@fortnightly"])
    six = random.random() < 0.2
    words = []
    for low, high, names in FIELDS[0 if six else 1 :]:
        # Mostly open, so that most expressions are not so narrow as to be all the same.
        if random.random() < 0.3:
            words.append("*")
        else:
            words.append(",".join(element(random, low, high, names) for _ in range(random.choice([1, 1, 1, 2, 3]))))
    if random.random() < 0.06:
        spoiled = random.randrange(len(words))
        words[spoiled] = random.choice(
            ["60", "0-99", "L", "15W", "5#2", "LW", "friL", "L-3", "?", "9-3", "sat-sun", "*/0", "5/10", "1,,2", "", "a", "-1", "1-", "mon-99"]
        )
    return random.choice([" ", "  ", "\t"]).join(words)


def cases(random, number_of_cases, zones):
    for _ in range(number_of_cases):
        spec = {"cron": expression(random)}
        after = clock.micros(datetime(2020, 1, 1)) + random.randrange(10 * 365 * 86400) * clock.SECOND
        if random.random() < 0.5:
            zone = random.choice(zones)
            spec |= zone.policies(random)
            # Half of these right before a change of the clock.
            if zone.changes and random.random() < 0.7:
                after = random.choice(zone.changes) - random.randrange(30 * 3600) * clock.SECOND
        if random.random() < 0.3:
            spec["start_at"] = clock.moment(after + random.randint(-400, 400) * 3600 * clock.SECOND).isoformat()
        if random.random() < 0.2:
            spec["until"] = clock.moment(after + random.randint(0, 90) * 86400 * clock.SECOND).date().isoformat()
        yield spec, 12, after


def expected(spec, n, after):
    """The instants, the horizon up to which they are all, and for what is refused a word of the refusal."""
    try:
        cron = Cron(spec["cron"])
    except Wrong:
        return None, None, "cron"
    if cron.never():
        return None, None, "never fires"
    horizon = clock.begin(spec, after) + timedelta(days=HORIZON)
    return clock.collect(spec, cron.locals_from, n, after, horizon, cron.elapsed), horizon, None
