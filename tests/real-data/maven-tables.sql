-- The tables of maven_crm as a CRM has them, in the order of the files' columns.
create schema crm authorization sales_ops;
set role sales_ops;

create table crm.account (
    account          text primary key,
    sector           text,
    year_established integer,
    revenue          numeric,
    employees        integer,
    office_location  text,
    subsidiary_of    text
);
create table crm.agent (
    sales_agent     text primary key,
    manager         text not null,
    regional_office text not null
);
create table crm.opportunity (
    opportunity_id text primary key,
    sales_agent    text not null references crm.agent,
    product        text,
    account        text,
    deal_stage     text not null,
    engage_date    date,
    close_date     date,
    close_value    numeric
);
create table crm.product (
    product     text primary key,
    series      text,
    sales_price numeric not null
);
reset role;
