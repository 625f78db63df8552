drop index file_versions_by_receipt;
drop table usage_days, usage_flushes, usage_active, usage_counters;
