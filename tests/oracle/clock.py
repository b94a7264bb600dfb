"""What local times mean in a zone, by Python's zoneinfo: it shares neither code nor tables with pg_dist.

Instants are whole microseconds since 1970, local times naive datetimes.
"""

from datetime import datetime, timedelta, timezone
from functools import lru_cache
from importlib import metadata
from zoneinfo import ZoneInfo, available_timezones, reset_tzpath

# The pinned package, and not whatever this machine has.
reset_tzpath(to=[])

EPOCH = datetime(1970, 1, 1)
SECOND = 1_000_000
# No clock was ever moved by more than a day: local and real order agree beyond this.
REACH = timedelta(hours=26)
# Between 1990 and 2037 no zone changes its clock twice within this many days.
STEP = 3 * 86400 * SECOND


def micros(moment):
    """A naive datetime as microseconds since 1970, read as UTC."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment(instant):
    """The inverse of micros."""
    return EPOCH + timedelta(microseconds=instant)


def version():
    """The version of the data as IANA names it: 2025b."""
    year, number = metadata.version("tzdata").split(".")[:2]
    return year + chr(ord("a") + int(number) - 1)


class Zone:
    """A zone; `Zone.named` keeps them."""

    def __init__(self, name):
        self.name = name
        self.info = ZoneInfo(name)

    @staticmethod
    @lru_cache(maxsize=None)
    def named(name):
        return Zone(name)

    def offset(self, instant):
        """Offset from UTC at an instant, in microseconds."""
        at = moment(instant).replace(tzinfo=timezone.utc).astimezone(self.info)
        return at.utcoffset() // timedelta(microseconds=1)

    def local(self, instant):
        return moment(instant + self.offset(instant))

    def change_between(self, low, high):
        """The instant in (low, high] at which the offset changes; there must be one."""
        before = self.offset(low)
        low, high = low // SECOND, -(-high // SECOND)
        while high - low > 1:
            middle = (low + high) // 2
            if self.offset(middle * SECOND) == before:
                low = middle
            else:
                high = middle
        return high * SECOND

    def reach(self, instant):
        """How far from an instant local and real order may disagree: not at all where no change is near."""
        far = REACH // timedelta(microseconds=1)
        steady = self.offset(instant - far) == self.offset(instant) == self.offset(instant + far)
        return timedelta(0) if steady else REACH

    def changes(self, low, high):
        """Every change of the offset in (low, high]."""
        found = []
        while low < high:
            then = min(low + STEP, high)
            if self.offset(low) != self.offset(then):
                found.append(self.change_between(low, then))
            low = then
        return found

    def instants(self, local, gap="shift", fold="first"):
        """The instants that a local time stands for under the policies."""
        # PEP 495: fold=0 takes the offset before a change, fold=1 the one after it.
        before, after = (
            micros(local) - self.info.utcoffset(local.replace(fold=n)) // timedelta(microseconds=1) for n in (0, 1)
        )
        if before == after:
            return [before]
        if before < after:
            return {"first": [before], "last": [after], "both": [before, after]}[fold]
        return {
            "shift": lambda: [before],
            "skip": lambda: [],
            "next_valid": lambda: [self.change_between(after, before)],
        }[gap]()


def names():
    """The zones of the package, but for a stand-in that says that no zone has been chosen."""
    return sorted(available_timezones() - {"Factory"})


def begin(spec, after):
    """The local time from which on there can be instants after one."""
    start = datetime.fromisoformat(spec["start_at"]) if spec.get("start_at") else EPOCH
    if after is None:
        return start
    return max(start, Zone.named(spec.get("time_zone") or "UTC").local(after))


def collect(spec, locals_from, n, after, horizon, elapsed=False, limit=None):
    """The first n instants after one, of a schedule whose local times, ascending, `locals_from(local)` yields.

    What goes by elapsed time fires at every instant whose local time fits. None beyond `horizon`, a local time.
    """
    zone = Zone.named(spec.get("time_zone") or "UTC")
    gap, fold = spec.get("dst_gap") or "shift", spec.get("dst_fold") or "first"
    start = datetime.fromisoformat(spec["start_at"]) if spec.get("start_at") else None
    left_out = {datetime.fromisoformat(date) for date in spec.get("exdates") or []}
    until = datetime.fromisoformat(spec["until"]).date() if spec.get("until") else None
    # An elapsed time has to begin somewhere, even where runs in a gap are skipped.
    first = zone.instants(start, "next_valid" if gap == "skip" else gap, fold)[0] if start and elapsed else None
    if elapsed:
        gap, fold = "skip", "both"
    low = start or EPOCH
    bounds = [instant for instant in (after, first) if instant is not None]
    if bounds:
        earliest = zone.local(max(bounds)) - zone.reach(max(bounds))
        low = earliest if elapsed else max(low, earliest)
    if limit is not None:
        # Whoever yields the local times may know of no end.
        horizon = min(horizon, zone.local(limit) + zone.reach(limit))
    found, last = set(), None
    for local in locals_from(low):
        if local > horizon or (last is not None and local > last) or (until and local.date() > until):
            break
        if local in left_out:
            continue
        for instant in zone.instants(local, gap, fold):
            if (after is None or instant > after) and (first is None or instant >= first):
                if limit is None or instant <= limit:
                    found.add(instant)
        if last is None and len(found) >= n:
            last = zone.local(max(found)) + zone.reach(max(found))
    return sorted(found)[:n]
