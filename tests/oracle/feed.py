"""dist.icalendar read by a real iCalendar library (X14), and compared with dist.simulate row for row."""

import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from icalendar import Calendar

SPAN = "'2099-03-01 00:00+00', '2099-04-02 00:00+00'"
ROWS = f"""select json_agg(v) from (select at at time zone 'UTC' as at, schedule, outcome, cause, steps, s.description
             from dist.simulate({SPAN}) v join dist.schedule s on s.name = v.schedule) v"""


def asked(*arguments):
    run = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", *arguments]
    return subprocess.run(run, check=True, capture_output=True).stdout


def readable(text):
    """Control characters have no place in the format."""
    return "".join(c if c == "\n" or c.isprintable() else " " for c in text)


def main():
    asked("-f", Path(__file__).with_name("feed.sql"))
    rows = json.loads(asked("-c", ROWS))
    # psql ends it with a line feed of its own.
    text = asked("-c", f"select dist.icalendar({SPAN})")[:-1]
    lines = text.split(b"\r\n")
    assert lines.pop() == b"" and not any(b"\n" in line or b"\r" in line or len(line) > 75 for line in lines), "lines"
    events = Calendar.from_ical(text).walk("VEVENT")
    assert len(rows) == len(events) > 100, (len(rows), len(events))
    assert len({str(event["UID"]) for event in events}) == len(events), "UIDs"
    for row, event in zip(rows, events):
        at = datetime.fromisoformat(row["at"]).replace(tzinfo=timezone.utc, microsecond=0)
        assert event["DTSTART"].dt == at, (row, event)
        assert event["DTEND"].dt == at + timedelta(minutes=5), (row, event)
        assert event["DTSTAMP"].dt.utcoffset() == timedelta(0), event
        assert str(event["SUMMARY"]) == readable(row["schedule"]), (row, event)
        assert str(event["STATUS"]) == {"fire": "CONFIRMED", "skip": "CANCELLED"}[row["outcome"]], (row, event)
        wanted = [readable(row["description"] or ""), "Steps: give, or not; to ann", row["cause"] or ""]
        assert all(part in str(event["DESCRIPTION"]) for part in wanted), (row, event)
    causes = {row["cause"] for row in rows}
    assert causes == {None, "exdate", "dst", "paused"}, causes
    print(f"icalendar: {len(events)} events, as dist.simulate has them")


if __name__ == "__main__":
    sys.exit(main())
