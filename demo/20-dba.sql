\echo '# What is there already'
\echo '-- An ordinary CRM: tables of its own, owner columns of its own. pg_dist adds nothing to them.'
select (select count(*) from crm.sales_rep) as reps,
       (select count(distinct team) from crm.sales_rep) as teams,
       (select count(distinct time_zone) from crm.sales_rep) as time_zones,
       (select count(*) from crm.account) as accounts, (select count(*) from crm.lead) as leads,
       (select count(*) from crm.lead where owner is null) as leads_of_nobody;
select id, contact, company, country, employees, score, status, owner from crm.lead order by id limit 4;

\echo '# What the DBA does, once'
\echo '-- The extension, an ordinary role for sales operations, and its rights on the CRM. No superuser from here on.'
create extension pg_dist;
create role sales_ops login in role dist_admin;
grant usage on schema crm to sales_ops;
grant select on all tables in schema crm to sales_ops;
grant update on crm.lead, crm.account to sales_ops;
