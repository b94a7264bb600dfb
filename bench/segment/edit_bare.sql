-- The bare UPDATE: by the criteria of the segment. psql variable: value.
update crm.account r set description = :'value' where r.region = 1;
