-- What a run was asked, a row for each of its transfers. $1 the run, $2 and what became of it.
select d.step, d.transfer, d.records, d.reasons::text, d.reps, d.asked::text,
       d.leaves, d.owned, d.classes, d."values", d.hashes, d.previous, d.segments,
       case when $2 then (select array_agg(coalesce(a.new_owner, '') order by a.seq)
          from dist.assignment a
         where a.run_id = d.run_id and a.seq > d.seq_before and a.seq <= d.seq_before + d.moved) end,
       d.distribution_rules, d.matched
  from dist.decision d
 where d.run_id = $1
 order by d.step
