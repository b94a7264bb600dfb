-- What edits cost: CPU of this session and of the scheduler, in ms per edit. psql variables: file (the edits), edits,
-- warm (others, that do not count), scheduler (its process id), role (who edits). As superuser, for /proc.
\set session 'split_part(pg_read_file(''/proc/self/schedstat''), '' '', 1)::numeric / 1000000'
\set other 'split_part(pg_read_file(''/proc/' :scheduler '/schedstat''), '' '', 1)::numeric / 1000000'
set role :role;
\o /dev/null
-- What a session does for the first time is not what edits cost.
\i :warm
\o
reset role;
select pg_sleep(0.3), :session as session_before, :other as other_before \gset
set role :role;
\o /dev/null
\i :file
\o
reset role;
select pg_sleep(0.3), :session as session_after, :other as other_after \gset
select round((:session_after - :session_before) / :edits, 3), round((:other_after - :other_before) / :edits, 3);
