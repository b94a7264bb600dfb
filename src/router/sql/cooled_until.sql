-- Until when those who held a record are kept from it. $1 microseconds since 1970, $2 intervals, counted on the UTC calendar.
select array_agg(to_char(('epoch'::timestamp + c.at * interval '1 microsecond') + c.interval::interval, 'YYYY-MM-DD HH24:MI "UTC"')
                 order by c.n)
  from rows from (unnest($1::bigint[]), unnest($2::text[])) with ordinality as c(at, interval, n)
