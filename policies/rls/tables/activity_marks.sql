-- How far the logs were read. system finds whose have more.
alter table activity_marks enable row level security;
alter table activity_marks force row level security;
drop policy if exists tenant on activity_marks;
create policy tenant on activity_marks for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (audit_seq, event_seq, time_zone, rolled_at) on activity_marks to satchel_app;
drop policy if exists system on activity_marks;
create policy system on activity_marks for select to satchel_system using (true);
grant select on activity_marks to satchel_system;
