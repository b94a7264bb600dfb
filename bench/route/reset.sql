-- The same state for every measurement: leads loaded in order, unowned, indexes built afterwards, nothing dirty.
set client_min_messages = warning;
truncate lead, floor_audit, dist.assignment, dist.unassigned;
alter table lead drop constraint lead_pkey;
drop index lead_owner;
insert into lead select s.*, null from lead_seed s order by id;
alter table lead add primary key (id);
create index lead_owner on lead (owner);
vacuum (freeze, analyze) lead;
vacuum (analyze) floor_audit, dist.assignment;
checkpoint;
