-- The UPDATE by hand of those who are members. psql variable: value.
set work_mem = '256MB';
update crm.account r set description = :'value' where r.id in (select m.record_key::bigint from dist.segment_member m where m.segment = 'simple');
