-- What happens to rows that others name: a row in use is not deleted, and a rep's new name takes the turns along. Who it is that
-- names it, they look for in everybody's rows.

create function dist._check_unused() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- The first column of each intent table is its name.
    own_name text := coalesce(to_jsonb(old) ->> 'name', to_jsonb(old) ->> 'team', to_jsonb(old) ->> 'rep');
    named_by text[];
    found_in record;
begin
    for i in 0 .. tg_nargs - 1 loop
        named_by := string_to_array(tg_argv[i], '.');
        execute format(
            'select case when %3$L then concat_ws(''/'', j ->> ''schedule'', j ->> ''ruleset'', j ->> ''team'', j ->> ''position'', j ->> ''rep'', j ->> ''starts'')'
            ' else coalesce(j ->> ''name'', nullif(concat_ws(''/'', j ->> ''distribution_rule'', j ->> ''measure'', j ->> ''position''), ''''),'
            ' concat_ws(''/'', j ->> ''object'', j ->> ''rep'', j ->> ''team'', j ->> ''segment'')) end as row_name, coalesce(j ->> ''owner'', j ->> ''written_by'')::name as whose'
            ' from dist.%1$I x, to_jsonb(x) j where x.%2$I = $1 order by 1 limit 1',
            named_by[1], named_by[2], named_by[1] in ('assignment_rule', 'team_member', 'rep', 'absence', 'step'))
           into found_in using own_name;
        if found_in.row_name is not null then
            perform dist._refuse(tg_table_name, own_name, '23503',
                format('dist.%s %s names it in %s', named_by[1], dist._shown(found_in.row_name, found_in.whose), named_by[2]),
                case when tg_table_name = 'rep' then 'To let a rep receive nothing more, set active = false. '
                     else '' end
                || format('To delete it, change or delete the rows of dist.%s first.', named_by[1]));
        end if;
    end loop;
    return old;
end $$;

create trigger check_unused before delete on dist.rep
    for each row execute function dist._check_unused(
        'team_member.rep', 'absence.stand_in', 'distribution_rule.rep', 'distribution_rule.fallback_to_rep', 'hopper.expire_to_rep', 'segment.responsible_rep', 'ruleset.default_to_rep', 'assignment_rule.to_rep', 'transfer.to_rep', 'cap.rep');
create trigger check_unused before delete on dist.calendar
    for each row execute function dist._check_unused('rep.calendar');
create trigger check_unused before delete on dist.team
    for each row execute function dist._check_unused('distribution_rule.team', 'transfer.from_team', 'cap.team');
create trigger check_unused before delete on dist.object
    for each row execute function dist._check_unused('hopper.object', 'segment.object', 'ruleset.object', 'transfer.object', 'cap.object');
create trigger check_unused before delete on dist.distribution_rule
    for each row execute function dist._check_unused(
        'distribution_rule.fallback_to_distribution_rule', 'hopper.expire_to_distribution_rule', 'ruleset.default_to_distribution_rule', 'assignment_rule.to_distribution_rule', 'transfer.to_distribution_rule', 'cap.distribution_rule');
create trigger check_unused before delete on dist.hopper
    for each row execute function dist._check_unused('ruleset.default_to_hopper', 'assignment_rule.to_hopper', 'transfer.to_hopper', 'transfer.from_hopper', 'release.hopper');
create trigger check_unused before delete on dist.segment
    for each row execute function dist._check_unused('segment_part.part', 'transfer.segment', 'automation.segment', 'book_segment.segment', 'step.segment');
create trigger check_unused before delete on dist.transfer
    for each row execute function dist._check_unused('release.transfer');
create trigger check_unused before delete on dist.ruleset
    for each row execute function dist._check_unused('assignment_rule.to_ruleset', 'transfer.to_ruleset');

-- As dist._check_unused, for a list of names.
create function dist._check_no_source() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._refuse(tg_table_name, old.rep, '23503', format('dist.transfer %s names it in from_reps', dist._shown(t.name, t.written_by)),
               'To let a rep receive nothing more, set active = false. To delete it, change or delete the rows of dist.transfer first.')
       from dist.transfer t
      where old.rep = any (t.from_reps)
      order by t.name collate "C"
      limit 1;
    return old;
end $$;
create trigger check_no_source before delete on dist.rep
    for each row execute function dist._check_no_source();

create function dist._rename_rep() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    update dist.pool p
       set deficits = (p.deficits - old.rep) || jsonb_build_object(new.rep, p.deficits -> old.rep)
     where p.deficits ? old.rep;
    update dist.pool p
       set credits = (p.credits - old.rep) || jsonb_build_object(new.rep, p.credits -> old.rep)
     where p.credits ? old.rep;
    update dist.transfer t set from_reps = array_replace(t.from_reps, old.rep, new.rep) where old.rep = any (t.from_reps);
    return null;
end $$;
create trigger rename after update of rep on dist.rep
    for each row when (old.rep is distinct from new.rep) execute function dist._rename_rep();
