-- A schedule that edits the members of a segment; once with what was there before, once without.
set role crm;
insert into dist.schedule (name, start_at) values ('kept', '2999-01-01'), ('not_kept', '2999-01-01');
insert into dist.step (schedule, action, target, args) values
    ('kept', 'mass_edit', 'simple', '{"fields": [{"field": "description", "value": "x"}]}'),
    ('not_kept', 'mass_edit', 'simple', '{"fields": [{"field": "description", "value": "x"}], "keep_before": false}');
