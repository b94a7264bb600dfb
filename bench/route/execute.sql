-- What is measured against the floor.
select assigned from dist.execute('spread');
