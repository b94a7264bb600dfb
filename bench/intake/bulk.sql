insert into crm.lead (country, size) select 'country ' || n % 10, n % 1000 from generate_series(1, :leads) n;
