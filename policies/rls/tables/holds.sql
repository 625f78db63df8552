-- Holds. Owners and admins place and release them in their own names, auditors see them. A hold
-- is neither changed nor deleted: only its release is added. system asks what they cover.
alter table holds enable row level security;
alter table holds force row level security;
drop policy if exists tenant on holds;
create policy tenant on holds for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (person_id, release_asked_by, release_asked_at, release_reason, released_by, released_at) on holds to satchel_app; -- person_id: app.person_merge
drop policy if exists people_read on holds;
create policy people_read on holds for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.oversees()));
drop policy if exists people_add on holds;
create policy people_add on holds for insert to satchel_people
    with check (organization_id = (select app.people_org()) and (select app.is_admin()) and placed_by = (select app.actor()));
drop policy if exists people_change on holds;
create policy people_change on holds for update to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin())
       and coalesce(released_by, release_asked_by) = (select app.actor()));
grant select, insert (organization_id, id, kind, scope, person_id, space_id, file_id, category, created_from, created_before, name_part, reason, placed_by),
    update (release_asked_by, release_asked_at, release_reason, released_by, released_at) on holds to satchel_people;
drop policy if exists system on holds;
create policy system on holds for all to satchel_system using (true) with check (true);
grant select, insert (organization_id, id, kind, scope, person_id, file_id, reason, placed_by, request_id, amendment_id),
    update (release_asked_by, release_asked_at, release_reason, released_by, released_at) on holds to satchel_system;

-- The lock of an organization's holds; see functions/system_holds.sql.
create or replace function app.hold_lock(org uuid) returns bigint language sql immutable parallel safe as
$$ select hashtextextended('holds ' || org, 0) $$;

-- Whether a hold covers a file, as the file is now. The name is folded here: what is generated
-- is not there yet in a trigger before the update. A person's files are those about the
-- person, those in a space about the person, and those of which the person sent the file or a
-- version.
create or replace function app.hold_covers(h holds, f files) returns boolean language sql stable as $$
    select case h.scope
        when 'organization' then true
        when 'file' then f.id = h.file_id
        when 'space' then f.space_id = h.space_id
        when 'person' then h.person_id in (f.subject_id, f.uploaded_by)
            or exists (select from record_students r where r.organization_id = f.organization_id and r.file_id = f.id and r.student_id = h.person_id)
            or exists (select from spaces s where s.organization_id = f.organization_id and s.id = f.space_id and s.about_id = h.person_id)
            or exists (select from file_versions v where v.organization_id = f.organization_id and v.file_id = f.id and v.uploaded_by = h.person_id)
        else (h.category is null or h.category = f.category) and (h.created_from is null or f.created_at >= h.created_from)
            and (h.created_before is null or f.created_at < h.created_before) and (h.name_folded is null or strpos(replace(replace(lower(f.name collate "und-x-icu"), 'ς', 'σ'), 'ß', 'ss'), h.name_folded) > 0)
    end
$$;

-- Whether any hold covers a file.
create or replace function app.on_hold(f files) returns boolean language sql stable as
$$ select exists (select from holds h where h.organization_id = f.organization_id and h.released_at is null and app.hold_covers(h, f)) $$;
grant execute on function app.hold_lock(uuid), app.hold_covers(holds, files), app.on_hold(files) to satchel_app, satchel_people, satchel_system;
