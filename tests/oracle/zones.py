"""Daylight saving: every change of every zone from 1990 to 2037, under every policy."""

from datetime import datetime, timedelta
from itertools import product

import clock

FIRST, LAST = clock.micros(datetime(1990, 1, 1)), clock.micros(datetime(2038, 1, 1))
GAPS, FOLDS = ("shift", "skip", "next_valid"), ("first", "last", "both")
MINUTE = timedelta(minutes=1)
QUARTERS = timedelta(minutes=15)


class Known:
    """A zone with its changes."""

    def __init__(self, name):
        self.name = name
        self.changes = clock.Zone.named(name).changes(FIRST, LAST)

    def policies(self, random):
        """The columns of a schedule in this zone."""
        return {"time_zone": self.name, "dst_gap": random.choice(GAPS), "dst_fold": random.choice(FOLDS)}


def around(zone, change):
    """Local times at the edges of the gap or fold, in the middle of it, and just outside."""
    before, after = sorted((zone.offset(change - 1), zone.offset(change)))
    low, high = clock.moment(change + before), clock.moment(change + after)
    return sorted({low - MINUTE, low, low + (high - low) / 2, high - MINUTE, high, high + MINUTE})


def cases(random, zones, every):
    """Daily schedules at each of these times, and every quarter of an hour across the change.

    `every` change and policy, or some of them.
    """
    for known in zones:
        zone = clock.Zone.named(known.name)
        changes = known.changes
        if not every:
            changes = random.sample(changes, min(len(changes), 2))
        for change in changes:
            policies = list(product(GAPS, FOLDS))
            if not every:
                policies = random.sample(policies, 3)
            for gap, fold in policies:
                common = {"time_zone": known.name, "dst_gap": gap, "dst_fold": fold}
                for local in around(zone, change):
                    local = local.replace(second=0, microsecond=0)
                    start = (local - timedelta(days=1)).isoformat()
                    yield common | {"start_at": start, "frequency": "daily"}, 4, None
                at = change - 90 * 60 * clock.SECOND
                yield common | {"cron": "0,15,30,45 0-23 * * *"}, 20, at
                yield common | {"cron": "*/15 * * * *"}, 14, at


def expected(spec, n, after):
    elapsed = False
    if "cron" in spec:
        elapsed = spec["cron"].startswith("*")
        horizon = clock.begin(spec, after) + timedelta(days=4)

        def locals_from(low):
            local = low.replace(minute=0, second=0, microsecond=0)
            while True:
                yield local
                local += QUARTERS

    else:
        start = datetime.fromisoformat(spec["start_at"])
        horizon = start + timedelta(days=9)

        def locals_from(low):
            return (start + timedelta(days=day) for day in range(10))

    return clock.collect(spec, locals_from, n, after, horizon, elapsed), horizon, None
