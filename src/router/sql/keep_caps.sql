-- Counts what was received. By question: $1 cap, $2 rep ('' = together), $3 where it is kept, $4 how many, $5 the instant
-- before which nothing is looked at any more. By cap: $6 its name, $7 how many it had counted when it was looked at, $8 how
-- many more. Returns how many caps still had counted that many.
with given as (
    select g.* from rows from (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5)) g(cap, rep, since, used, oldest)),
forgotten as (
    delete from dist.cap_use u using given g where u.cap = g.cap and u.rep = g.rep and u.since < g.oldest),
counted as (
    insert into dist.cap_use (cap, rep, since, used)
    select g.cap, g.rep, g.since, g.used from given g
        on conflict (cap, rep, since) do update set used = cap_use.used + excluded.used),
kept as (
    update dist.cap_state s set taken = s.taken + c.more
      from rows from (unnest($6), unnest($7), unnest($8)) c(cap, before, more)
     where s.cap = c.cap and s.taken = c.before
    returning 1)
select count(*) from kept
