drop trigger notify on operations;
drop function app.operation_notify();
drop table organization_policies;
drop table organization_setups;
alter table organizations drop column status_reason, drop column deletes_at, drop column deletion_id, drop column deletion_begun_at,
    drop column status_before;
