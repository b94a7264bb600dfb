-- What is measured of a strategy. psql variables: transfer; day, another one for each run, so that no day's caps are used up.
select assigned from dist.execute(:'transfer', now() + :day * interval '1 day');
