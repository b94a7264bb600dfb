-- What must be so after it all (F1, F5, F7, X2, X5).
\set QUIET on
select test.holds(format('refreshes: %s, edits: %s, distributions: %s', r, e, g), least(r, e, g) > 0)
  from (select count(*) filter (where schedule = 'refresh') as r, count(*) filter (where schedule = 'edit') as e, count(*) filter (where schedule = 'give') as g
          from dist.run where status = 'succeeded') n;
select test.same('who failed gave way to somebody, and did nothing', array_agg(concat_ws(' | ', schedule, sqlstate, message, detail, context)), null::text[])
  from dist.run where status = 'failed' and sqlstate not in ('55P03', '57P01');
-- Half an edit would leave the first step's state without the third's.
select test.holds('no edit is half done', not exists (select from crm.account where state = 'first'));
select test.holds('each run has all of its steps or none',
           not exists (select from dist.run r where r.schedule = 'edit' and r.status = 'succeeded'
                          and (select count(*) from dist.run_step s where s.run_id = r.id) <> 3));
select test.holds('what was overwritten is what was kept, no more and no less (F3)',
           not exists ((select run_id, id::text, field, was, becomes from crm.log where field <> 'owner'
                        except all select run_id, record_key, field, before, after from dist.field_edit)
                       union all
                       (select run_id, record_key, field, before, after from dist.field_edit
                        except all select run_id, id::text, field, was, becomes from crm.log where field <> 'owner')));
select test.holds('and what moved is what the audit has (X2)',
           not exists ((select run_id, id::text, was, becomes from crm.log where field = 'owner'
                        except all select run_id, record_key, old_owner, new_owner from dist.assignment)
                       union all
                       (select run_id, record_key, old_owner, new_owner from dist.assignment
                        except all select run_id, id::text, was, becomes from crm.log where field = 'owner')));
select test.holds('the members are those who joined and have not left (F1)',
           not exists ((select record_key from dist.segment_member
                        except select record_key from dist.segment_change group by record_key having count(*) filter (where change = 'joined') > count(*) filter (where change = 'left'))
                       union all
                       (select record_key from dist.segment_change group by record_key having count(*) filter (where change = 'joined') > count(*) filter (where change = 'left')
                        except select record_key from dist.segment_member)));
select test.holds('nobody is stuck: all three run once more', bool_and(r.status = 'succeeded'))
  from unnest(array['refresh', 'edit', 'give']) s (name), dist.run_now(s.name) r;
select test.holds('and then the members are those whom the criteria name (F1)',
           not exists ((select record_key from dist.segment_member except select id::text from crm.account where region = 1)
                       union all (select id::text from crm.account where region = 1 except select record_key from dist.segment_member)));
