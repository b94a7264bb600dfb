-- What PostgreSQL would refuse by itself, or stumble over, said as all else is: with the row, the value and how to mend it. Nulls where
-- there must be a value, after everything that has more to say about them; arrays of arrays, before what looks into them.

create function dist._refuse_null() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    given jsonb := to_jsonb(new);
    nothing text;
    usual text;
begin
    select a.attname, pg_get_expr(d.adbin, d.adrelid) into nothing, usual
      from pg_attribute a
      left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
     where a.attrelid = tg_relid and a.attnum > 0 and a.attnotnull and not a.attisdropped and given -> a.attname::text = 'null'
     order by a.attnum
     limit 1;
    perform dist._refuse(tg_table_name, dist._row_name(tg_relid, given), '23502', format('%s is null', nothing),
        case when usual is null then format('Give %s.', nothing) else format('Give %s, or leave it out for the default %s.', nothing, regexp_replace(usual, '::[a-z ]+$', '')) end);
    return new;
end $$;
comment on function dist._refuse_null() is 'Internal: refuses a null where there must be a value';

create function dist._refuse_nesting() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    given jsonb := to_jsonb(new);
    nested text;
begin
    select a.attname into nested
      from pg_attribute a
     where a.attrelid = tg_relid and a.attnum > 0 and jsonb_typeof(given -> a.attname::text -> 0) = 'array'
       and a.atttypid in (select t.typarray from pg_type t)
     order by a.attnum
     limit 1;
    perform dist._refuse(tg_table_name, dist._row_name(tg_relid, given), '22023', format('%s %s is an array of arrays', nested, given -> nested),
        'Give a plain list.');
    return new;
end $$;
comment on function dist._refuse_nesting() is 'Internal: refuses an array of arrays';

create function dist._row_name(relation oid, given jsonb) returns text
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (select string_agg(given ->> a.attname::text, '/' order by k.n)
              from pg_index i
             cross join unnest(i.indkey::smallint[]) with ordinality k(attnum, n)
              join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
             where i.indrelid = relation and i.indisprimary);
end $$;
comment on function dist._row_name(oid, jsonb) is 'Internal: a row by its key, as error messages name it';

-- For every table of intent: what has checks of its own. As conditions, so that a row that is right costs next to nothing.
do $$
declare
    of record;
begin
    for of in
        select c.relname,
               pg_catalog.string_agg(pg_catalog.format('new.%I is null', a.attname), ' or ' order by a.attnum) filter (where a.attnotnull) as nulls,
               pg_catalog.string_agg(pg_catalog.format('pg_catalog.array_ndims(new.%I) operator(pg_catalog.>) 1', a.attname), ' or ' order by a.attnum)
                   filter (where y.typcategory operator(pg_catalog.=) 'A') as nested
          from pg_catalog.pg_class c
          join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
          join pg_catalog.pg_type y on y.oid operator(pg_catalog.=) a.atttypid
         where c.relnamespace operator(pg_catalog.=) 'dist'::regnamespace
           and exists (select from pg_catalog.pg_trigger t where t.tgrelid operator(pg_catalog.=) c.oid and t.tgname operator(pg_catalog.=) 'check_row')
         group by c.relname
    loop
        -- By name behind check_row, and before it.
        execute pg_catalog.format('create trigger refuse_null before insert or update on dist.%I for each row when (%s) execute function dist._refuse_null()',
            of.relname, of.nulls);
        if of.nested is not null then
            execute pg_catalog.format('create trigger check_nesting before insert or update on dist.%I for each row when (%s) execute function dist._refuse_nesting()',
                of.relname, of.nested);
        end if;
    end loop;
end $$;
