\echo '# The rules'
\echo '-- A distribution rule: a team, and how its members take turns.'
insert into dist.distribution_rule (name, strategy, team)
values ('enterprise by weight', 'weighted',    'enterprise'),
       ('americas by weight',   'weighted',    'americas'),
       ('americas in turn',     'round_robin', 'americas'),
       ('europe in turn',       'round_robin', 'europe'),
       ('asia-pacific in turn', 'round_robin', 'asia_pacific');

\echo '-- A ruleset: tests in order, in JSON or in SQL; the first that matches decides. One may lead to another ruleset.'
insert into dist.ruleset (name, object, default_to_distribution_rule)
values ('americas', 'lead', 'americas in turn'), ('leads', 'lead', null);

insert into dist.assignment_rule (ruleset, position, name, criteria, predicate,
                                  to_rep, to_ruleset, to_distribution_rule)
values ('leads', 1, 'named account',
        '{"related": "crm.account", "on": {"id": "account_id"},
          "where": {"field": "named", "op": "=", "value": true}}', null, null, null, 'enterprise by weight'),
       ('leads', 2, 'large company',
        '{"field": "employees", "op": ">=", "value": 1000}', null, null, null, 'enterprise by weight'),
       ('leads', 3, 'Americas',
        '{"field": "country", "op": "in", "value": ["US", "CA", "MX", "BR"]}', null, null, 'americas', null),
       ('leads', 4, 'Asia-Pacific',
        null, $$r.country in ('SG','JP','AU','IN')$$, null, null, 'asia-pacific in turn'),
       ('leads', 5, 'Europe',
        null, $$r.country not in ('ZA','NG')$$, null, null, 'europe in turn'),
       ('americas', 1, 'Brazil',
        '{"field": "country", "op": "=", "value": "BR"}', null, 'ines.ironwood', null, null),
       ('americas', 2, 'worth a call',
        '{"field": "score", "op": ">=", "value": 30}', null, null, null, 'americas by weight');

\echo '-- A transfer: which records move, who comes first, where to, and what else changes on them.'
insert into dist.transfer (name, object, criteria, ranking, to_ruleset, set_fields)
values ('distribute leads', 'lead', '{"field": "status", "op": "=", "value": "new"}',
        'r.score desc, r.created_at', 'leads', '{"status": "assigned"}');

\echo '-- What is wrong is refused when it is written, with the row, the reason and a hint.'
\set ON_ERROR_STOP 0
update dist.assignment_rule set criteria = '{"field": "employes", "op": ">=", "value": 1000}'
 where ruleset = 'leads' and position = 2;
\set ON_ERROR_STOP 1
