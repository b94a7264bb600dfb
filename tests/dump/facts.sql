-- One line a fact: every table of dist with an md5 of its rows, every sequence, every partition with its bounds, what
-- is upcoming. Run in the original and in what was restored, and compared.
\pset format unaligned
\pset tuples_only on
-- (The number of a table that has been dropped may be that of another table elsewhere.)
select format('select %L, count(*), md5(string_agg(j::text, E''\n'' order by j::text)) from dist.%I t, '
              'lateral (select to_jsonb(t) - ''relation'') x(j)', c.relname, c.relname)
  from pg_class c
 where c.relnamespace = 'dist'::regnamespace and c.relkind in ('r', 'p')
 order by c.relname \gexec
select format('select %L, last_value, is_called from dist.%I', c.relname, c.relname)
  from pg_class c
 where c.relnamespace = 'dist'::regnamespace and c.relkind = 'S'
 order by c.relname \gexec
select c.relname, pg_get_expr(c.relpartbound, c.oid), obj_description(c.oid), has_table_privilege('dist_reader', c.oid, 'select'),
       has_table_privilege('public', c.oid, 'select'), pg_get_userbyid(c.relowner),
       (select array_agg(pg_get_indexdef(i.indexrelid) order by pg_get_indexdef(i.indexrelid)) from pg_index i where i.indrelid = c.oid)
  from pg_inherits h join pg_class c on c.oid = h.inhrelid
 where h.inhparent = 'dist.assignment'::regclass
 order by c.relname;
select tgname, tgrelid::regclass from pg_trigger where tgname like 'pg_dist%' order by 1;
select name, relation from dist.object where name <> 'old deal' order by name;
select name, written_by from dist.object union all select name, written_by from dist.transfer
union all select ruleset || '/' || position, written_by from dist.assignment_rule
union all select schedule || '/' || position, written_by from dist.step order by 1;
select name, status, next_run_at from dist.schedule_status order by name;
select 'crm.lead', count(*), md5(string_agg(t::text, E'\n' order by t::text)) from crm.lead t;
