"""Asks pg_dist for the instants of random recurrences, and says where the oracles beside this file know better.

    main.py SIZE SEED FOLDER [TOPIC...]

SIZE is sample, or large, which takes half an hour and has every change of every zone. TOPIC is cron, rrule, frequency or
zones. The specifications of a topic are put into the database of PG* in one go and answered by one statement; nothing of
pg_dist's is known here but dist._next_runs and dist._tz_version.
"""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import clock
import cron
import frequencies
import rules
import zones

SIZES = {
    "sample": {"cron": 400, "rrule": 400, "frequency": 400, "zones": 100},
    "large": {"cron": 30000, "rrule": 30000, "frequency": 30000, "zones": 1000},
}

ASK = r"""
create temp table asked (id integer, spec jsonb, n integer, after timestamptz);
\copy asked from '{folder}/asked.tsv'
create function pg_temp.ask(spec jsonb, n integer, after timestamptz) returns jsonb language plpgsql as $$
begin
    return coalesce((select jsonb_agg((extract(epoch from t) * 1000000)::bigint order by o)
                       from dist._next_runs(spec, n, after) with ordinality x(t, o)), '[]');
exception when invalid_parameter_value then
    return jsonb_build_object('refused', sqlerrm);
end $$;
\copy (select pg_temp.ask(spec, n, after) from asked order by id) to '{folder}/answers'
"""


def ask(asked, folder):
    """The database's answers, in the order of the questions."""
    with open(folder / "asked.tsv", "w") as file:
        for number, (spec, n, after) in enumerate(asked):
            written = json.dumps(spec).replace("\\", "\\\\")
            instant = "\\N" if after is None else clock.moment(after).isoformat() + "Z"
            file.write(f"{number}\t{written}\t{n}\t{instant}\n")
    subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], input=ASK.format(folder=folder), text=True, check=True)
    with open(folder / "answers") as file:
        return [json.loads(line.replace("\\\\", "\\")) for line in file]


def wrong(oracle, spec, n, after, answer):
    """What is wrong with an answer, or None; and whether the specification was refused."""
    instants, horizon, refusal = oracle.expected(spec, n, after)
    refused = answer.get("refused") if isinstance(answer, dict) else None
    if refusal is not None:
        right = refused is not None and (refusal == "never fires") == ("never fires" in refused)
        return None if right else f"expected a refusal ({refusal}), got {answer}"
    if refused is not None:
        if "never fires" not in refused:
            return refused
        first = oracle.expected(spec, 1, None)[0]
        return f"refused as {refused!r}, but fires at {shown(first)}" if first else None
    zone = clock.Zone.named(spec.get("time_zone") or "UTC")
    # What comes once in centuries may lie beyond Python's calendar.
    found = [t for t in answer if t <= clock.micros(horizon) and zone.local(t) <= horizon - clock.REACH]
    instants = [t for t in instants if zone.local(t) <= horizon - clock.REACH]
    return None if found == instants else f"expected {shown(instants)}, got {shown(found)}"


def shown(instants):
    return [str(clock.moment(t)) + "Z" for t in instants]


def compare(name, oracle, questions, folder):
    """One line for each mismatch, and one in all."""
    began = time.monotonic()
    asked = list(questions)
    made = time.monotonic()
    answers = ask(asked, folder)
    answered = time.monotonic() - made
    mismatches = instants = refused = slow = 0
    for (spec, n, after), answer in zip(asked, answers, strict=True):
        try:
            problem = wrong(oracle, spec, n, after, answer)
        except rules.TooSlow:
            slow += 1
            continue
        instants += len(answer) if isinstance(answer, list) else 0
        refused += isinstance(answer, dict)
        if problem:
            mismatches += 1
            if mismatches <= 20:
                print(f"MISMATCH {name}: {json.dumps(spec)} n={n} after={after and clock.moment(after)}: {problem}")
    print(
        f"{name}: {len(asked)} specifications, {instants} instants, {refused} refused, {slow} too slow for the oracle, "
        f"{mismatches} mismatches; answered in {answered:.1f} s of {time.monotonic() - began:.0f} s",
        flush=True,
    )
    # An oracle that gives up, or only refuses, proves nothing.
    return mismatches == 0 and slow <= len(asked) // 50 and refused < len(asked) // 2


def same_version():
    """Whether both sides have the same version of the data."""
    run = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", "select dist._tz_version()"]
    theirs = subprocess.run(run, text=True, check=True, capture_output=True).stdout.strip()
    print(f"zones: {len(clock.names())} of IANA {clock.version()}; pg_dist has {theirs}")
    return theirs == clock.version()


def main():
    size, seed, folder, *only = sys.argv[1:]
    sizes, folder = SIZES[size], Path(folder)

    def dice(topic):
        return random.Random(f"{seed} {topic}")

    names = clock.names()
    known = [zones.Known(name) for name in sorted(dice("names").sample(names, min(sizes["zones"], len(names))))]
    right = same_version()
    for topic, oracle in (("cron", cron), ("rrule", rules), ("frequency", frequencies)):
        if not only or topic in only:
            right &= compare(topic, oracle, oracle.cases(dice(topic), sizes[topic], known), folder)
    if not only or "zones" in only:
        for first in range(0, len(known), 100):
            some = known[first : first + 100]
            name = f"daylight saving, {some[0].name} to {some[-1].name}"
            right &= compare(name, zones, zones.cases(dice(name), some, size == "large"), folder)
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
