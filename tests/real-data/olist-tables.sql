-- The tables of olist_funnel, in the order of the files' columns, and copies of the leads with an owner: one for each
-- way of distributing them.
create schema funnel authorization sales_ops;
set role sales_ops;

create table funnel.arrived (
    mql_id             text primary key,
    first_contact_date date not null,
    landing_page_id    text not null,
    origin             text
);
create table funnel.deal (
    mql_id                        text primary key,
    seller_id                     text,
    sdr_id                        text,
    sr_id                         text,
    won_date                      timestamp,
    business_segment              text,
    lead_type                     text,
    lead_behaviour_profile        text,
    has_company                   text,
    has_gtin                      text,
    average_stock                 text,
    business_type                 text,
    declared_product_catalog_size numeric,
    declared_monthly_revenue      numeric
);
create table funnel.once (like funnel.arrived including all, owner text);
create table funnel.batched (like funnel.arrived including all, owner text);
create table funnel.half_0 (like funnel.arrived including all, owner text);
create table funnel.half_1 (like funnel.arrived including all, owner text);
create table funnel.crashed (like funnel.arrived including all, owner text);
reset role;
