drop index file_versions_by_receipt;
drop table organization_events, usage_warnings, usage_days, usage_flushes, usage_active, usage_counters;
