-- Keeps the members' keys packed. $1 segment, $2 keys.
insert into dist.segment_roll (segment, keys) values ($1, $2)
on conflict (segment) do update set keys = excluded.keys
