-- Who has joined and left a segment ($3) since a step ($1 schedule, $2 position) told of it, and whether it has.
select u.joined, u.gone, u.joined is not null from dist._untold($1, $2, $3) u
