select count(*), count(a.owner) from lead l left join (select website, owner from account) a on a.website = l.email;
