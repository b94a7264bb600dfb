-- What a check wants to know of an object's table. $1 relation, $2 key column, $3 owner column.
select jsonb_build_object(
           'key_unique', exists (
               select from pg_index i
                 join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                where i.indrelid = $1::regclass and i.indisunique and i.indisvalid and i.indnkeyatts = 1
                  and i.indpred is null and a.attname = $2),
           'owner_not_null', (
               select a.attnotnull from pg_attribute a where a.attrelid = $1::regclass and a.attname = $3))
