-- Records what an undo did. $1 its run, $2 seq before, $3 object, $4 as_of; arrays: $5 keys, $6 owners to whom records
-- went back, $7 owners from whom, $8 1 = went back, 0 = changed since, -1 = gone, $9 hoppers to which, $10 hoppers from which.
with records as (
    select m.*
      from rows from (unnest($5), unnest($6), unnest($7), unnest($8), unnest($9), unnest($10))
           with ordinality as m(key, was, becomes, status, out_of, into_hopper, n)),
back as (
    insert into dist.assignment (run_id, seq, object, record_key, old_owner, new_owner, reason, at, hopper, from_hopper)
    select $1, $2 + row_number() over (order by m.n), $3, m.key, m.becomes, m.was, 'undo', $4, m.out_of, m.into_hopper
      from records m
     where m.status = 1)
insert into dist.unassigned (run_id, object, record_key, reason)
select $1, $3, m.key, case m.status when 0 then 'changed_since' else 'gone' end
  from records m
 where m.status < 1
