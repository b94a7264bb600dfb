-- What is measured of a strategy. psql variable: transfer.
select assigned from dist.execute(:'transfer');
