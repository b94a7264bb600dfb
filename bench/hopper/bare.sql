delete from crm.bare using (select id from crm.bare order by id limit 1 for update skip locked) q where bare.id = q.id returning bare.id;
