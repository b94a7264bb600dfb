\echo '# Cold accounts'
\echo '-- A retrieval takes accounts without activity back from their owners; a distribution gives them to others.'
insert into dist.transfer (name, kind, object, criteria, ranking, to_distribution_rule, set_fields)
values ('retrieve cold accounts', 'retrieval', 'account',
        '{"all": [{"field": "last_activity_at", "op": "older than", "value": "180 days"},
                  {"field": "named", "op": "=", "value": false}]}', null, null, '{"status": "cold"}'),
       ('hand out cold accounts', 'distribution', 'account',
        '{"field": "status", "op": "=", "value": "cold"}', 'r.employees desc', 'enterprise by weight',
        '{"status": "second chance"}');

select id, transfer, assigned from dist.execute('retrieve cold accounts');
select status, count(*) as accounts, count(owner) as owned from crm.account group by status order by status;
select id, transfer, assigned from dist.execute('hand out cold accounts');
select status, count(*) as accounts, count(owner) as owned from crm.account group by status order by status;

\echo '-- The audit knows both hands.'
select c.id, c.name, c.employees, taken.old_owner as taken_from, given.new_owner as given_to
  from dist.assignment taken
  join dist.assignment given using (object, record_key)
  join crm.account c on c.id = record_key::bigint
 where taken.reason = 'retrieval' and given.reason = 'weighted'
 order by given.seq limit 4;
