-- Turns caps, calendars and eligibility on for what is measured from now on.
insert into dist.cap (name, rep, team, counts, per, most, time_zone)
select name, rep, team, counts, 'day', most, 'UTC' from kept_caps on conflict do nothing;
insert into dist.eligibility (name, object, rep, criteria) select name, 'lead', rep, criteria from kept_eligibility on conflict do nothing;
update dist.rep set calendar = 'weekdays';
insert into dist.absence (rep, starts, ends) select n, '2020-01-01', '2099-01-01' from generate_series(10, 200, 10) n;
