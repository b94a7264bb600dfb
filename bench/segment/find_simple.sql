-- The bare SELECT: a client fetches the keys of the members.
\o /dev/null
select r.id from crm.account r where r.region = 1;
