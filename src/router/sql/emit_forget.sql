-- A step ($1 schedule, $2 position) may tell again of whom it told $5 before $3, by the calendar of zone $4, or earlier.
delete from dist.emit_told t
 where t.schedule = $1 and t.position = $2 and t.at <= (($3::timestamptz at time zone $4) - $5::interval) at time zone $4
