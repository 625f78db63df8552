-- In which month (UTC) an event of the audit log was written, by the clock of the database. The
-- log becomes partitioned by it behind the migrations (internal/schema). It is a column of its
-- own, because a row finds its partition before the trigger that closes the chain has set at.
-- What is in the log already has no month, and none of its rows is written again.
alter table audit_events add column month date not null default '-infinity';
alter table audit_events alter column month set default date_trunc('month', clock_timestamp() at time zone 'UTC')::date;
