-- Shares of the organization. A person sees those that they made and were given, those of
-- what they may share themselves, and as an admin all: an admin sees each share with
-- the outside. No person may read the hashes of tokens and passwords.
alter table shares enable row level security;
alter table shares force row level security;
drop policy if exists tenant on shares;
create policy tenant on shares for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on shares to satchel_app;
drop policy if exists people_read on shares;
create policy people_read on shares for select to satchel_people
    using (organization_id = (select app.people_org())
       and (created_by = (select app.actor()) or (select app.is_admin()) or (select app.all_spaces())
            or exists (select from app.received_shares r where r.organization_id = shares.organization_id and r.share_id = shares.id)
            or app.may_share('members', file_id, folder_id, space_id)));
drop policy if exists people_add on shares;
create policy people_add on shares for insert to satchel_people
    with check (organization_id = (select app.people_org()) and created_by = (select app.actor()) and ended_at is null
       and app.may_share(kind, file_id, folder_id, space_id));
drop policy if exists people_change on shares;
create policy people_change on shares for update to satchel_people
    using (organization_id = (select app.people_org())
       and (created_by = (select app.actor()) or (select app.is_admin()) or (select app.all_spaces()) or app.may_share('members', file_id, folder_id, space_id)))
    with check (organization_id = (select app.people_org()));
grant select (organization_id, id, kind, permission, file_id, folder_id, space_id, version_id, label, has_password, starts_at, expires_at, max_downloads, downloads,
              max_files, max_bytes, accepted, dropped_files, dropped_bytes, disclosure_basis, disclosure_interest, disclosure_consent, ended_at, ended_reason, ended_by, created_by, created_at, updated_at),
      insert (organization_id, id, kind, permission, file_id, folder_id, space_id, version_id, label, token_hash, password_hash, starts_at, expires_at, max_downloads,
              max_files, max_bytes, accepted, disclosure_basis, disclosure_interest, disclosure_consent, created_by),
      update (permission, version_id, label, password_hash, starts_at, expires_at, max_downloads, max_files, max_bytes, accepted, disclosure_basis, disclosure_interest, disclosure_consent, ended_at, ended_reason, ended_by, updated_at)
   on shares to satchel_people;
drop policy if exists system on shares;
create policy system on shares for all to satchel_system using (true) with check (true);
grant select, update on shares to satchel_system;
