-- Schedules that are due once, all at one instant. psql variables: number, owners (1 to 4), transfers (move or shared),
-- many (how many of those there are), due.
begin;
insert into dist.schedule (name, start_at, owner)
select 'job ' || n, :'due'::timestamptz at time zone 'UTC', (array['crm', 'crm2', 'crm3', 'crm4'])[1 + n % :owners]
  from generate_series(1, :number) n;
insert into dist.step (schedule, position, target)
select 'job ' || n, 1, :'transfers' || ' ' || 1 + n % :many
  from generate_series(1, :number) n;
commit;
