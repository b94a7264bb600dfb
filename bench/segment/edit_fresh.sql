-- The table as if it had just been written. psql variable: value, what the steps set.
truncate dist.field_edit_chunk;
update dist.step set args = jsonb_set(args, '{fields,0,value}', to_jsonb(:'value'::text));
vacuum full crm.account;
vacuum (analyze, freeze) crm.account;
checkpoint;
