# shellcheck shell=bash
# Sourced by fire.sh: whether broken schedules make the others late. 10 000 of these are due evenly over four windows; in the
# second and fourth there is also one broken schedule of each kind. Crashes of the server are not among them: they take
# everybody's sessions away, and tests/soak has them.

part_poison() {
  fire_cluster
  local base good="dist.run where schedule like 'good %'" window=${BENCH_WINDOW:-12} without with
  say "$FIRE_BACKLOG schedules over $((4 * window)) s, with broken ones among them and without"
  base=$(cluster_value "select date_trunc('second', clock_timestamp() + interval '3 s' + $FIRE_BACKLOG * interval '$LOAD_MS ms')")
  cluster_psql -v number="$FIRE_BACKLOG" -v base="$base" -v window="$window" -f bench/fire/poison.sql
  [[ $(cluster_value "select clock_timestamp() < '$base'") == t ]] || die "The schedules were not written in time."
  sleep_until "$base"
  sleep "$((4 * window))"
  await "select count(*) = $FIRE_BACKLOG from $good" 60
  [[ $(cluster_value "select bool_and(status = 'succeeded' and assigned = 1) and count(distinct schedule_id) = $FIRE_BACKLOG from $good") == t ]] ||
    die "Not every schedule has its one run: $(cluster_value "select status, count(*), min(message) from $good group by 1")"
  broken_as_meant
  without="(select * from $good and trunc(extract(epoch from due_at - '$base') / $window) % 2 = 0) r"
  with="(select * from $good and trunc(extract(epoch from due_at - '$base') / $window) % 2 = 1) r"
  spread "$FIRE_BACKLOG schedules, none broken: started after the instant" 'started_at - due_at' "$without"
  spread "$FIRE_BACKLOG schedules and one broken of each kind: the others started after the instant" 'started_at - due_at' "$with"
  result "with broken ones / without: p50" "$(lateness 0.5 "$with" "$without")" 1.5
  result "with broken ones / without: p99" "$(lateness 0.99 "$with" "$without")" 1.5
  result "for the noise, two windows without: larger / smaller p99" "$(cluster_value "
    select round(greatest(a, b) / least(a, b), 3) from (
      select extract(epoch from percentile_disc(0.99) within group (order by started_at - due_at) filter (where due_at < '$base'::timestamptz + interval '$window s')) as a,
             extract(epoch from percentile_disc(0.99) within group (order by started_at - due_at) filter (where due_at >= '$base'::timestamptz + interval '$window s')) as b
        from $without) x")"
}

lateness() { # FRACTION FROM-CLAUSE FROM-CLAUSE
  cluster_value "
    with p as (select (select extract(epoch from percentile_disc($1) within group (order by started_at - due_at)) from $2) as a,
                      (select extract(epoch from percentile_disc($1) within group (order by started_at - due_at)) from $3) as b)
    select round(a / b, 3) from p"
}

# A kind that is not broken the way it is meant to be measures nothing.
broken_as_meant() {
  local found
  found=$(cluster_value "
    select string_agg(kind || ': ' || coalesce(how, 'nothing'), ', ' order by kind)
      from (select v.name as kind,
                   case when v.status = 'Quarantined' then 'quarantined'
                        when exists (select from dist.run r where r.schedule = v.name and r.status = 'failed') then 'failed'
                        when v.next_run_at < clock_timestamp() and not exists (select from dist.run r where r.schedule = v.name) then 'due' end as how
              from unnest(array['raises', 'is tried again', 'lacks rights', 'takes too long', 'dropped column', 'dropped table', 'dropped function',
                                'dropped role', 'barred role']) k(kind)
             cross join unnest(array[1, 3]) w
              left join dist.schedule_status v on v.name = k.kind || ' ' || w) b")
  say "$found"
  [[ $found != *nothing* ]] || die "Not every broken schedule is: $found"
}
