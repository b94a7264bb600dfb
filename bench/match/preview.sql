select count(*), count(*) filter (where reason = 'match') from dist.preview(:'transfer');
