-- A made-up CRM as it might stand in any company: 40 sales reps, 5 000 accounts, 100 000 leads. Nothing here knows of
-- pg_dist. Every value comes from a hash of the row's number, so that each demo has the same data.

create function pg_temp.pick(i bigint, salt integer, n integer) returns integer
    language sql immutable
    return (hashint8extended(i, salt) & 2147483647) % n;

-- Log-uniform with a long tail: most companies are small, one in six has 1 000 employees or more.
create function pg_temp.employees(company bigint) returns integer
    language sql immutable
    return (20000 ^ ((pg_temp.pick(company, 3, 1000) / 1000.0) ^ 2))::integer;

create function pg_temp.country(company bigint) returns text
    language sql immutable
    return ('{US,US,US,US,US,US,US,US,CA,CA,CA,MX,MX,BR,GB,GB,GB,GB,DE,DE,DE,FR,FR,ES,IT,NL,SE,PL,SG,SG,SG,JP,JP,JP,AU,AU,AU,IN,IN,IN,IN,ZA,NG}'::text[])[1 + pg_temp.pick(company, 4, 43)];

-- 20 x 25 x 24 names without a repetition; the first 5 000 are those of the accounts.
create function pg_temp.company(company bigint) returns text
    language sql immutable
    return ('{Amber,Brass,Copper,Coral,Crimson,Dapper,Eager,Frosty,Gentle,Golden,Happy,Jolly,Lunar,Merry,Nimble,Polite,Quiet,Rusty,Sunny,Velvet}'::text[])[1 + company % 20]
        || ' ' || ('{Badger,Beaver,Camel,Dingo,Egret,Ferret,Gecko,Heron,Ibis,Jackal,Kiwi,Lemur,Marmot,Newt,Otter,Puffin,Quokka,Raven,Stoat,Tapir,Urchin,Vole,Walrus,Yak,Zebra}'::text[])[1 + company / 20 % 25]
        || ' ' || ('{Foods,Freight,Glass,Power,Paper,Pumps,Seeds,Shoes,Tools,Toys,Bikes,Boats,Books,Cables,Chairs,Clocks,Coffee,Films,Games,Kites,Lamps,Maps,Tea,Wool}'::text[])[1 + company / 500 % 24];

create schema crm;

create table crm.sales_rep (
    login     text primary key,
    name      text not null,
    team      text not null,
    seat      integer not null,
    time_zone text not null,
    on_leave  boolean not null,
    workload  numeric not null
);
insert into crm.sales_rep
select lower(first || '.' || tree), first || ' ' || tree, team, seat, zones[1 + (seat - 1) % cardinality(zones)],
       first = 'Hank',
       case seat when 1 then 2 when 4 then 0.5 else 1 end
  from (values
           ('enterprise', '{Ada,Bruno,Clara,Dario,Elsa,Felix,Greta,Hugo,Ida,Jonas}'::text[],
            '{Europe/London,America/New_York,Asia/Singapore}'::text[]),
           ('americas', '{Amy,Brett,Carmen,Diego,Ella,Frank,Gloria,Hank,Ines,Jack}',
            '{America/New_York,America/Chicago,America/Denver,America/Los_Angeles,America/Sao_Paulo}'),
           ('europe', '{Anna,Basil,Chloe,Dirk,Emma,Fabio,Gwen,Henk,Ilse,Jan}',
            '{Europe/London,Europe/Paris,Europe/Berlin,Europe/Stockholm}'),
           ('asia_pacific', '{Aiko,Bao,Chen,Devi,Eiji,Farah,Goro,Hana,Isha,Jun}',
            '{Asia/Tokyo,Asia/Singapore,Asia/Kolkata,Australia/Sydney}')) as t(team, firsts, zones),
       rows from (unnest(firsts), unnest('{Alder,Birch,Cedar,Dogwood,Elm,Fir,Ginkgo,Hazel,Ironwood,Juniper}'::text[]))
           with ordinality as f(first, tree, seat);

create table crm.account (
    id               bigint primary key,
    name             text not null,
    country          text not null,
    employees        integer not null,
    named            boolean not null,
    status           text not null,
    last_activity_at timestamptz not null,
    owner            text
);
insert into crm.account
select i, pg_temp.company(i), pg_temp.country(i), pg_temp.employees(i), i % 125 = 0, 'active',
       current_date - make_interval(days => pg_temp.pick(i, 5, 205)), r.logins[1 + pg_temp.pick(i, 6, 40)]
  from generate_series(0, 4999) i, (select array_agg(login order by login) as logins from crm.sales_rep) r;
create index on crm.account (owner);

create table crm.lead (
    id         bigint primary key,
    contact    text not null,
    email      text not null,
    company    text not null,
    country    text not null,
    employees  integer not null,
    account_id bigint references crm.account,
    source     text not null,
    score      integer not null,
    status     text not null,
    created_at timestamptz not null,
    owner      text
);
insert into crm.lead
select i, first || ' ' || last, lower(first || '.' || last || i || '@example.com'), pg_temp.company(c),
       pg_temp.country(c), pg_temp.employees(c), case when c < 5000 then c end,
       ('{web,event,partner,newsletter}'::text[])[1 + pg_temp.pick(i, 7, 4)], pg_temp.pick(i, 8, 101),
       case when owned then 'working' else 'new' end,
       current_date - make_interval(mins => pg_temp.pick(i, 9, 43200)),
       case when owned then r.logins[1 + pg_temp.pick(i, 10, 40)] end
  from generate_series(1, 100000) i
 cross join lateral (
     select pg_temp.pick(i, 11, 12000)::bigint as c, pg_temp.pick(i, 12, 100) < 8 as owned,
            ('{Ash,Bo,Cat,Dot,Ed,Fay,Gus,Hal,Ivy,Jo,Kit,Lou,Max,Nan,Oz,Pip,Quin,Ray,Sky,Tess}'::text[])[1 + pg_temp.pick(i, 13, 20)] as first,
            ('{Apple,Bramble,Cherry,Damson,Elder,Fig,Grape,Hops,Juniper,Kumquat,Lime,Medlar,Nectarine,Olive,Plum,Quince}'::text[])[1 + pg_temp.pick(i, 14, 16)] as last) x
 cross join (select array_agg(login order by login) as logins from crm.sales_rep) r;
create index on crm.lead (owner);

vacuum analyze crm.sales_rep, crm.account, crm.lead;
