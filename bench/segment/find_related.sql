-- The bare SELECT: a client fetches the keys of the members.
\o /dev/null
select r.id from crm.account r where exists (select from crm.deal d where d.account = r.id and d.won);
