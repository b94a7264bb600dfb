-- The floor: what no way of doing it can avoid. Every lead gets an owner; every lead gets an audit row of the same kind
-- and the same columns filled.
begin \; update lead set owner = 1 + id % 200 \;
insert into floor_audit (run_id, seq, object, record_key, old_owner, new_owner, reason, rule, distribution_rule, at)
select 1, row_number() over (), 'lead', id::text, null, owner::text, 'round_robin', 'size 3 in DE', 'pool 1', now() from lead \;
commit;
