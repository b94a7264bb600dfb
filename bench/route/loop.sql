-- For readers: the same work row by row, as it is often written by hand: a rule found in a table, a turn taken from a
-- counter, one UPDATE and one INSERT per lead. psql variable: leads.
create temporary table hand_rule as
select a.position, a.criteria #>> '{all,0,value}' as country, (a.criteria #>> '{all,1,value,0}')::int as low,
       (a.criteria #>> '{all,1,value,1}')::int as high, a.name, a.to_distribution_rule as pool
  from dist.assignment_rule a;
create index on hand_rule (position);
create temporary table hand_turn as select name as pool, 0 as turn from dist.distribution_rule;
alter table hand_turn add primary key (pool);
create temporary table hand_member as
select d.name as pool, row_number() over (partition by d.name order by m.position) - 1 as n,
       count(*) over (partition by d.name) as members, m.rep::bigint as rep
  from dist.distribution_rule d join dist.team_member m on m.team = d.team;
alter table hand_member add primary key (pool, n);
analyze hand_rule;
analyze hand_turn;
analyze hand_member;
select set_config('bench.leads', :'leads', false);
do $$
declare
    l record;
    r record;
    my_turn integer;
    new_rep bigint;
    seq integer := 0;
begin
    for l in select * from lead where owner is null order by id limit current_setting('bench.leads')::int loop
        select h.name, h.pool into r from hand_rule h
         where h.country = l.country and l.employees between h.low and h.high
           and l.industry <> 'public'
         order by h.position limit 1;
        if not found then
            select null as name, 'pool 1' as pool into r;
        end if;
        update hand_turn t set turn = turn + 1 where t.pool = r.pool returning turn into my_turn;
        select m.rep into new_rep from hand_member m where m.pool = r.pool and m.n = my_turn % m.members;
        update lead set owner = new_rep where id = l.id;
        seq := seq + 1;
        insert into floor_audit (run_id, seq, object, record_key, old_owner, new_owner, reason, rule, distribution_rule, at)
        values (1, seq, 'lead', l.id::text, null, new_rep::text, 'round_robin', r.name, r.pool, now());
    end loop;
end $$;
