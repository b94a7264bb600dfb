select not exists (
    select from (select 'simple' as segment, id::text as key from crm.account where region = 1
                 union all select 'related', account::text from crm.deal where won
                 union all select 'uuids', id::text from crm.by_uuid where region = 1) f
      full join dist.segment_member m on (m.segment, m.record_key) = (f.segment, f.key)
     where f.key is null or m.record_key is null)
