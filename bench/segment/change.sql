-- One member in two hundred leaves and as many others join: 1 % has changed. psql variable: n, which round it is.
update crm.account set region = 1 - region where id % 400 in (2 * :n, 2 * :n + 1);
update crm.deal set won = not won where id % 400 in (2 * :n, 2 * :n + 1);
update crm.by_uuid set region = 1 - region where id in (select md5(a.id::text)::uuid from crm.account a where a.id % 400 in (2 * :n, 2 * :n + 1));
vacuum crm.account, crm.deal, crm.by_uuid;

