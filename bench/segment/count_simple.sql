-- The bare SELECT, counted: nothing is handed over.
select count(*) from crm.account r where r.region = 1;
