-- The extension, the roles and the helpers of the files after this one.
create extension pg_dist;

-- Everything is tested as ordinary roles; the superuser only makes tables and cleans up.
create role test_admin login in role dist_admin;
create role test_manager login in role dist_manager;
create role test_reader login in role dist_reader;
create role test_outsider login;

create schema test;
grant usage on schema test to public;

create table test.refusal (statement text, sqlstate text, message text, detail text, hint text, own boolean);
comment on column test.refusal.own is 'Whether pg_dist refused it, not a constraint';
grant insert, select on test.refusal to public;

-- Says how a statement is refused, without what changes from version to version (CONTEXT, line numbers).
create function test.refused(statement text) returns setof text language plpgsql as $$
declare
    state text; message text; detail text; hint text; by_constraint text; by_column text;
begin
    begin
        execute statement;
        raise exception using errcode = 'P0TST', message = 'ACCEPTED';
    exception when others then
        get stacked diagnostics state = returned_sqlstate, message = message_text,
            detail = pg_exception_detail, hint = pg_exception_hint,
            by_constraint = constraint_name, by_column = column_name;
    end;
    message := regexp_replace(message, 'pg_temp_\d+', 'pg_temp_N');
    insert into test.refusal values (statement, state, message, detail, hint, by_constraint = '' and by_column = '');
    return next state || ': ' || message;
    -- A NOT NULL constraint details the whole row, which changes with each new column.
    if detail <> '' and state <> '23502' then return next 'DETAIL: ' || detail; end if;
    if hint <> '' then return next 'HINT: ' || hint; end if;
end $$;
comment on function test.refused(text) is 'How a statement is refused; what it did is rolled back';

-- All intent goes, so that the next file starts from nothing; history stays, as it does for everybody.
create function test.forget_intent() returns void language sql as $$
    delete from dist.consumer;
    delete from dist.sla;
    delete from dist.exclusion;
    delete from dist.automation;
    delete from dist.cap;
    delete from dist.eligibility;
    delete from dist.protection;
    delete from dist.schedule;
    delete from dist.release;
    delete from dist.transfer;
    delete from dist.assignment_rule;
    delete from dist.ruleset;
    delete from dist.hopper_record;
    delete from dist.hopper;
    update dist.distribution_rule set if_unavailable = 'hold', fallback_to_rep = null, fallback_to_distribution_rule = null
     where if_unavailable = 'fall_back';
    delete from dist.distribution_rule;
    delete from dist.match;
    delete from dist.public_domain;
    delete from dist.team;
    delete from dist.absence;
    delete from dist.activity_plan;
    update dist.segment set responsible_rep = null where responsible_rep is not null;
    delete from dist.rep;
    delete from dist.calendar;
    delete from dist.book_segment;
    delete from dist.formula;
    delete from dist.segment_part;
    delete from dist.segment;
    delete from dist.object;
    delete from dist.policy;
    delete from dist.variable;
$$;

-- Runs a transfer; the preview must have said it, row for row (X4), and a replay agree.
create function test.run_as_previewed(transfer text, as_of timestamptz default now()) returns dist.run language plpgsql as $$
declare
    done dist.run;
    foreseen jsonb := (select jsonb_agg(to_jsonb(p) - 'reason' order by p.record_key) from dist.preview($1, $2) p where p.new_owner is not null);
begin
    done := dist.execute($1, $2);
    if foreseen is distinct from
       (select jsonb_agg(jsonb_build_object('record_key', a.record_key, 'old_owner', a.old_owner, 'new_owner', a.new_owner, 'rule', a.rule)
                         order by a.record_key)
          from dist.assignment a where a.run_id = done.id) then
        raise exception 'the preview of % had said %', $1, foreseen;
    end if;
    if done.candidates > 0 then
        if exists (select from dist.replay(done.id) p where not p.agrees) then
            raise exception 'a replay of % differs', $1;
        end if;
    end if;
    return done;
end $$;
grant execute on function test.run_as_previewed(text, timestamptz) to public;
comment on function test.run_as_previewed(text, timestamptz) is 'dist.execute, where preview and replay agree with it';
