-- The bare SELECT, counted: nothing is handed over.
select count(*) from crm.account r where exists (select from crm.deal d where d.account = r.id and d.won);
