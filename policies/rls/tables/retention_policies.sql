-- Retention policies. Owners and admins make and change them, auditors see them; system asks
-- what is due.
alter table retention_policies enable row level security;
alter table retention_policies force row level security;
drop policy if exists tenant on retention_policies;
create policy tenant on retention_policies for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (category, children, purpose, business_need, days, begins, disposal, updated_at) on retention_policies to satchel_app;
drop policy if exists people_read on retention_policies;
create policy people_read on retention_policies for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.oversees()));
drop policy if exists people on retention_policies;
create policy people on retention_policies for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, insert, delete, update (category, children, purpose, business_need, days, begins, disposal, updated_at) on retention_policies to satchel_people;
drop policy if exists system on retention_policies;
create policy system on retention_policies for select to satchel_system using (true);
grant select on retention_policies to satchel_system;

-- What policies of retention ask. The policy of a file is that of its category, else that of
-- every category. A file that was collected from a child has a policy of children's data where
-- there is one, of its category or of every one: its days are bounded (16 CFR 312.10).
create or replace function app.retention_policy(f files) returns table (id uuid, days integer, begins text, disposal text) language sql stable rows 1 as $$
    select r.id, r.days, r.begins, r.disposal from retention_policies r where r.organization_id = f.organization_id and (f.collected_as_child or not r.children) and r.category in ('', f.category)
     order by r.children desc, r.category desc limit 1
$$;

-- The policy by which a file is due, and since when; nothing when it is not. What is on hold,
-- has a version on its way, or is kept until a later day is not due. Holds go first.
create or replace function app.retention_due(f files) returns table (policy_id uuid, disposal text, since timestamptz) language sql stable rows 1 as $$
    select r.id, r.disposal, b.at + make_interval(days => r.days) from app.retention_policy(f) r
     cross join lateral (select case r.begins when 'published' then min(v.published_at) else max(v.published_at) filter (where v.id = f.current_id) end as at
                           from file_versions v where v.organization_id = f.organization_id and v.file_id = f.id and v.published_at is not null) b
     where r.begins <> 'trashed' and f.trashed_at is null and f.current_id is not null and b.at + make_interval(days => r.days) < now()
       and not exists (select from file_versions w where w.organization_id = f.organization_id and w.file_id = f.id and w.status in ('uploading', 'processing', 'held'))
       and not exists (select from retention_reviews k where k.organization_id = f.organization_id and k.file_id = f.id
                          and (k.state = 'kept' and k.keep_until > now() or k.state = 'waiting' and k.policy_id = r.id and r.disposal = 'review'))
       and not app.on_hold(f)
$$;

-- For how many days a policy keeps a file in the trash; null where none says so.
create or replace function app.retention_trash_days(f files) returns integer language sql stable as
$$ select r.days from app.retention_policy(f) r where r.begins = 'trashed' $$;
grant execute on function app.retention_policy(files), app.retention_due(files), app.retention_trash_days(files) to satchel_app, satchel_people, satchel_system;
