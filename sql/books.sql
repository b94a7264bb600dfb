-- How full books are, and what reps weigh by performance: counted when somebody looks, as a run would count it. A view
-- reads its tables with its owner's rights; what counts here does so with those of whoever looks.

-- Intent as of a run that reaches nothing, with the books of one object or the measures of one rule.
create function dist._booked_intents() returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_agg(dist._intent(null, null, null, null)::jsonb
                         || jsonb_build_object('object', dist._object_intent(b.object), 'books', dist._books_intent(b.object, null))
                         order by b.object collate "C")
          from (select distinct x.object from dist.book x) b);
end $$;
comment on function dist._booked_intents() is 'Internal: the books of every object, as Rust reads them';

create function dist._performing_intents() returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_agg(jsonb_build_object(
                             'rule', dist._rule_intent(r.name),
                             'intent', dist._intent(null, null, null, null)::jsonb || jsonb_build_object('measures', dist._measures_intent(array[r.name])))
                         order by r.name collate "C")
          from dist.distribution_rule r
         where r.strategy = 'performance');
end $$;
comment on function dist._performing_intents() is 'Internal: the rules by performance, as Rust reads them';

create function dist._book_balances()
    returns table (object text, segment text, rep text, target integer, held bigint, note text)
    language c volatile
    set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'book_balances_wrapper';
comment on function dist._book_balances() is 'Internal: every book with what it holds, counted with the rights of the caller';

create function dist._performances()
    returns table (distribution_rule text, rep text, active boolean, wins text, handled text, weight text, note text)
    language c volatile
    set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'performances_wrapper';
comment on function dist._performances() is 'Internal: what the members of rules by performance have done and weigh, counted with the rights of the caller';

create view dist.book_balance as
    select b.rep, b.object, b.segment, b.target, b.held,
           (b.target operator(pg_catalog.-) b.held)::bigint as gap,
           b.note
      from dist._book_balances() b;
comment on view dist.book_balance is 'How full books are now: one row for each rep, object and segment that has a target';
comment on column dist.book_balance.rep is 'Whose book it is';
comment on column dist.book_balance.object is 'The object whose records it holds';
comment on column dist.book_balance.segment is 'The segment; null = the book as a whole';
comment on column dist.book_balance.target is 'How many records it shall hold: the rep''s own row of dist.book, else the least of its teams''';
comment on column dist.book_balance.held is 'How many it holds, each record in one segment only; null where it could not be counted';
comment on column dist.book_balance.gap is 'How many it lacks; below zero: it is over-full';
comment on column dist.book_balance.note is 'Why held could not be counted: no right to read the table, text of a writer whom you do not trust, ...';

create view dist.performance as
    select p.distribution_rule, p.rep, p.active, p.wins::numeric as wins, p.handled::numeric as handled,
           pg_catalog.round(p.wins::numeric operator(pg_catalog./) nullif(p.handled::numeric, 0), 6) as rate,
           p.weight::numeric as weight, p.note
      from dist._performances() p;
comment on view dist.performance is 'What the members of each rule by performance have done, and the weight that a run would give them now';
comment on column dist.performance.distribution_rule is 'The distribution rule';
comment on column dist.performance.rep is 'The rep';
comment on column dist.performance.active is 'Whether the rep takes part now';
comment on column dist.performance.wins is 'What was won: the sum of the rule''s measures wins';
comment on column dist.performance.handled is 'Of how much: the sum of the rule''s measures handled';
comment on column dist.performance.rate is 'wins / handled; null where nothing was handled';
comment on column dist.performance.weight is
    'The rate shrunk towards the mean of those who take part (prior), between floor and ceiling: clamp((prior * mean + wins) / (prior + handled))';
comment on column dist.performance.note is 'Why it could not be counted: no right to read the table, text of a writer whom you do not trust, ...';
