-- The bare SELECT: a client fetches the keys of the members.
\o /dev/null
select r.id from crm.by_uuid r where r.region = 1;
