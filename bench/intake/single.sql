\set n random(1, 1000)
insert into crm.lead (country, size) values ('country ' || :n % 10, :n);
