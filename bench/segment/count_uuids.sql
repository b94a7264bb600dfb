-- The bare SELECT, counted: nothing is handed over.
select count(*) from crm.by_uuid r where r.region = 1;
