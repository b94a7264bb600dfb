-- A run, or with preview the decision alone. psql variables: transfer, what (execute or preview).
select count(*) from dist.:what(:'transfer');
