-- Tells of moves. $1 run, $2 seq before them, $3 as_of, $4 object, $5 the kinds that somebody wants to be told of.
with told as (
    insert into dist.event (tx, at, kind, object, record_key, rep, old_owner, run_id, seq, cause)
    select t.tx, m.at, m.kind, m.object, m.record_key, m.new_owner, m.old_owner, m.run_id, m.seq, m.reason
      from (select dist._event_tx() as tx) t,
           (select a.*, case when a.reason = 'claim' then 'claimed'
                             when a.reason = 'return' and a.hopper is not null then 'released'
                             when a.reason = 'expiry' then 'expired'
                             when a.new_owner is not null and a.new_owner is distinct from a.old_owner then 'assigned'
                             when a.hopper is not null then 'in_hopper'
                             else 'unowned' end as kind
              from dist.assignment a
             where a.run_id = $1 and a.seq > $2 and a.at = $3 and a.object = $4) m
     where m.kind = any ($5)
     order by m.seq
    returning kind)
select dist._notify_consumers(array_agg(distinct told.kind), $4) from told having count(*) > 0
