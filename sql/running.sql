-- Runs in progress: how they are stopped when they take too long or somebody cancels them, and how they are watched.

create function dist._run_begins(schedule_id integer, run_trigger text, due_at timestamptz, seconds double precision)
    returns boolean
    language c volatile
    as 'MODULE_PATHNAME', 'run_begins_wrapper';
comment on function dist._run_begins(integer, text, timestamptz, double precision) is
    'Internal: a run of a schedule begins, and is stopped after so many seconds; false where it is inside another. To be called outside of the exception block around the run';

create function dist._run_done(outermost boolean) returns void
    language c volatile
    as 'MODULE_PATHNAME', 'run_done_wrapper';
comment on function dist._run_done(boolean) is
    'Internal: the run''s steps are done; an error where it has been told to stop meanwhile';

create function dist._run_ends(outermost boolean) returns table (status text, message text, hint text)
    language c volatile
    as 'MODULE_PATHNAME', 'run_ends_wrapper';
comment on function dist._run_ends(boolean) is 'Internal: the run has ended otherwise; one row where it had been told to stop';

create function dist._run_timeout(own interval) returns interval
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    seconds bigint;
begin
    if own is not null then
        return own;
    end if;
    select p.value into seconds from dist.policy p where p.name = 'run_timeout';
    if not found then
        select d.value into seconds from dist._policy_defaults() d where d.name = 'run_timeout';
    end if;
    return make_interval(secs => seconds);
end $$;
comment on function dist._run_timeout(interval) is
    'Internal: how long a run may take, by its schedule or else by the policy run_timeout; null = no limit';
