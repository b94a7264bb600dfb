-- What a run did to each record of an object on the whole, as arrays: keys, owners before it, owners after it, fields
-- (first value before, last value after), the hopper it was in before and the one it is in after. $1 run, $2 object.
with moves as (
    select a.record_key, a.seq,
           first_value(a.old_owner) over w as was,
           last_value(a.new_owner) over w as becomes,
           first_value(a.from_hopper) over w as out_of,
           last_value(a.hopper) over w as into_hopper,
           row_number() over w as n
      from dist.assignment a
     where a.run_id = $1 and a.object = $2
    window w as (partition by a.record_key order by a.seq rows between unbounded preceding and unbounded following)),
fields as (
    select f.record_key, jsonb_object_agg(f.name, jsonb_build_array(f.was, f.becomes)) as fields
      from (select distinct a.record_key, k.key as name,
                   first_value(k.value -> 0) over w as was,
                   last_value(k.value -> 1) over w as becomes
              from dist.assignment a, jsonb_each(a.fields) k
             where a.run_id = $1 and a.object = $2
            window w as (partition by a.record_key, k.key order by a.seq
                         rows between unbounded preceding and unbounded following)) f
     group by f.record_key)
select array_agg(m.record_key order by m.seq), array_agg(m.was order by m.seq), array_agg(m.becomes order by m.seq),
       array_agg(coalesce(f.fields, '{}')::text order by m.seq),
       array_agg(m.out_of order by m.seq), array_agg(m.into_hopper order by m.seq)
  from moves m
  left join fields f on f.record_key = m.record_key
 where m.n = 1
