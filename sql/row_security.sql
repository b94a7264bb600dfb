-- Row level security on intent (Z7). Runs last, after the grants: what managers write belongs to somebody, or is said here to
-- be everybody's. Whoever adds a table finds it in tests/expected/roles_matrix.out; see CONTRIBUTING.md.

grant select on dist._row_owner to dist_reader;

grant execute on function
    dist._is_mine(name), dist._is_admin(), dist._sees_all(name), dist._or_hidden(text), dist._shown(text, name)
    to dist_reader;

-- An activity that a run made belongs to whom the segment belongs, or the schedule (what is done keeps the segment's former name);
-- one that somebody added keeps a rep's time, and is everybody's.
alter table dist.activity enable row level security;
create policy mine on dist.activity using ((select dist._is_admin()) or run_id is null
    or exists (select from dist.segment s where s.name operator(pg_catalog.=) activity.segment and dist._is_mine(s.owner))
    or exists (select from dist.run r join dist.schedule s on s.id operator(pg_catalog.=) r.schedule_id
                where r.id operator(pg_catalog.=) activity.run_id and dist._is_mine(s.owner)));
create policy everything on dist.activity for select using ((select dist._sees_all()));

-- A schedule's state says what it is called and what it is about.
alter table dist.schedule_state enable row level security;
create policy mine on dist.schedule_state using ((select dist._is_admin()) or dist._is_mine(owner));
create policy everything on dist.schedule_state for select using ((select dist._sees_all()));

-- Asked once for each statement where it says nothing of the row: in a subquery of its own. PostgreSQL asks the policy first whose name
-- is the last: what is somebody's own is not asked about further.
do $$
declare
    t record;
    mine text;
    v regclass;
begin
    for t in select * from dist._row_owner where goes_by operator(pg_catalog.<>) 'everybody' order by name loop
        mine := case when t.goes_by operator(pg_catalog.=) 'whole'
                     then pg_catalog.format('exists (select from dist.%I w where w.name operator(pg_catalog.=) %I and dist._is_mine(w.owner))', t.whole, t.whole)
                     else pg_catalog.format('dist._is_mine(%I)', t.goes_by) end;
        execute pg_catalog.format('alter table %s enable row level security', t.relation);
        execute pg_catalog.format('create policy mine on %s using ((select dist._is_admin()) or %s)', t.relation, mine);
        execute pg_catalog.format('create policy everything on %s for select using ((select dist._sees_all()))', t.relation);
    end loop;
    -- A view reads with its owner's rights, who sees all: those over such tables read with the rights of whoever looks.
    for v in
        with recursive over (relation) as (
            select c.oid from pg_catalog.pg_class c
             where c.relnamespace operator(pg_catalog.=) 'dist'::regnamespace and c.relrowsecurity
            union
            select w.ev_class
              from over o
              join pg_catalog.pg_depend d on d.refclassid operator(pg_catalog.=) 'pg_class'::regclass and d.refobjid operator(pg_catalog.=) o.relation
                                         and d.classid operator(pg_catalog.=) 'pg_rewrite'::regclass
              join pg_catalog.pg_rewrite w on w.oid operator(pg_catalog.=) d.objid)
        select c.oid from over o join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) o.relation
         where c.relkind operator(pg_catalog.=) 'v' order by c.relname
    loop
        execute pg_catalog.format('alter view %s set (security_invoker = true)', v);
    end loop;
end $$;
