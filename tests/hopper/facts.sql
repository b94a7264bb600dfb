-- What must hold of the history and of what there is, whoever was killed when.
\pset tuples_only on
\pset format unaligned
create function pg_temp.must(what text, wrong bigint) returns text language plpgsql as $$
begin
    if wrong <> 0 then
        raise exception 'not so % times: %', wrong, what;
    end if;
    return '  ok  ' || what;
end $$;
-- Each move takes up where the one before it left the record; so none is claimed twice.
select pg_temp.must('each move takes up a record where the one before it left it: none is claimed twice (L6)', count(*))
  from (select a.*, lag(a.new_owner) over w as was, lag(a.hopper) over w as lay, row_number() over w as n
          from dist.assignment a window w as (partition by a.record_key order by a.run_id, a.seq)) a
 where n > 1 and (a.old_owner is distinct from a.was or a.from_hopper is distinct from a.lay) or n = 1 and (a.old_owner, a.from_hopper) is not null;
select pg_temp.must('the last move of a record says where it is', count(*))
  from (select distinct on (a.record_key) a.record_key, a.new_owner, a.hopper from dist.assignment a order by a.record_key, a.run_id desc, a.seq desc) a
  join hop.lead l on l.id::text = a.record_key
  left join dist.hopper_record h on h.object = 'lead' and h.record_key = a.record_key
 where l.owner is distinct from a.new_owner or h.hopper is distinct from a.hopper or h.hopper is not null and h.rep is distinct from a.new_owner;
select pg_temp.must('what lies in a hopper or has an owner was moved there', count(*))
  from hop.lead l left join dist.hopper_record h on h.object = 'lead' and h.record_key = l.id::text
 where (l.owner is not null or h.hopper is not null) and not exists (select from dist.assignment a where a.record_key = l.id::text);
select pg_temp.must('a run has as many moves as it says', count(*))
  from dist.run r where r.assigned <> (select count(*) from dist.assignment a where a.run_id = r.id);
-- L6: the limit of each rep and day, in his zone, of what has not been undone.
select pg_temp.must('nobody claimed more than the limit of a day in his zone (L6)', count(*))
  from (select a.new_owner, (a.at at time zone p.time_zone)::date as day, count(*) as n
          from dist.assignment a join dist.rep p on p.rep = a.new_owner
         where a.reason = 'claim' and a.from_hopper = 'best'
           and not exists (select from dist.run u join dist.assignment b on b.run_id = u.id and b.record_key = a.record_key where u.undoes = a.run_id)
         group by 1, 2) d
 where n > 150;
select pg_temp.must('no cap was passed', count(*))
  from (select count(*) as n from dist.assignment a
         where a.new_owner = 'rep 1' and a.reason = 'claim'
           and not exists (select from dist.run u join dist.assignment b on b.run_id = u.id and b.record_key = a.record_key where u.undoes = a.run_id)
         group by (a.at at time zone 'Asia/Tokyo')::date) d
 where n > 200;
select pg_temp.must('what a cap has counted is what the audit says', count(*))
  from ((select * from dist.cap_use where used > 0 except select * from dist._cap_audit('{rep 1}')) union all
        (select * from dist._cap_audit('{rep 1}') except select * from dist.cap_use)) x;
-- And it has been a test: every kind of it has taken place.
select string_agg(reason || ' ' || n, ', ') from (select reason, count(*) as n from dist.assignment group by 1) x;
select pg_temp.must('enough has happened', case when count(*) filter (where reason = 'claim') > 100 and count(*) filter (where reason = 'return') > 5
                                    and count(*) filter (where reason = 'undo') > 2 and count(*) filter (where reason = 'rep') > 2 then 0 else 1 end)
  from dist.assignment;
