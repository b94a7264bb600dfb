with cte as (select msg_id from crm.pgmq where vt <= clock_timestamp() order by msg_id asc limit 1 for update skip locked)
update crm.pgmq m set vt = clock_timestamp() + interval '30 seconds', read_ct = read_ct + 1 from cte where m.msg_id = cte.msg_id
returning m.msg_id as taken, m.read_ct, m.enqueued_at, m.vt, m.message \gset
delete from crm.pgmq where msg_id = :taken returning msg_id;
