-- The decision alone.
select count(new_owner) from dist.preview('spread');
