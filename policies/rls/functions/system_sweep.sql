-- What the sweeps page through. Each page begins behind the last id of the page
-- before, so that what fails is passed over and does not come back at the head.

-- Organizations with files that have been in the trash for long enough, in id order:
-- for the days of a policy of retention that counts from the trash, else of the file's space where it has some, else for the organization's own,
-- and for older_than elsewhere. The first condition on the time is the shortest of
-- these, which the index answers.
create or replace function app.organizations_with_trash(older_than interval, after uuid, n integer)
returns table (organization_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select o.id from organizations o left join organization_policies p on p.organization_id = o.id
     where o.id > after and exists (
           select from files f join spaces s on s.organization_id = f.organization_id and s.id = f.space_id
            where f.organization_id = o.id
              and f.trashed_at < now() - least(coalesce(make_interval(days => p.trash_days), older_than),
                                               (select make_interval(days => min(t.trash_days)) from spaces t where t.organization_id = o.id),
                                               (select make_interval(days => min(r.days)) from retention_policies r where r.organization_id = o.id and r.begins = 'trashed'))
              and f.trashed_at < now() - coalesce(make_interval(days => app.retention_trash_days(f)), make_interval(days => s.trash_days), make_interval(days => p.trash_days), older_than)
              and not app.on_hold(f))
     order by o.id limit n
$$;

-- Those files of one organization, in id order. What is on hold is left out: it would fail.
create or replace function app.files_trashed(org uuid, older_than interval, after uuid, n integer)
returns table (organization_id uuid, file_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select f.organization_id, f.id
      from files f join spaces s on s.organization_id = f.organization_id and s.id = f.space_id
     where f.organization_id = org and f.id > after
       and f.trashed_at < now() - coalesce(make_interval(days => app.retention_trash_days(f)), make_interval(days => s.trash_days),
               (select make_interval(days => p.trash_days) from organization_policies p where p.organization_id = org), older_than)
       and not app.on_hold(f)
       and not exists (select from file_versions v where v.organization_id = f.organization_id and v.file_id = f.id and v.removable_at > now())
       -- An erasure says itself what becomes of it: it may be kept after all.
       and not exists (select from erasure_items i join erasures e on e.organization_id = i.organization_id and e.id = i.erasure_id and e.state <> 'certified'
                        where i.organization_id = f.organization_id and i.file_id = f.id and i.state in ('planned', 'blocked'))
     order by f.id limit n
$$;

-- Versions that ended a while ago and of which objects are left that their state has
-- no use for, as far as is known, in id order. Of a published one it is what arrived
-- in staging.
create or replace function app.versions_uncleaned(ended_for interval, after uuid, n integer)
returns table (organization_id uuid, file_id uuid, version_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select v.organization_id, v.file_id, v.id from file_versions v
     where v.cleaned_at is null and v.status not in ('uploading', 'processing', 'held') and coalesce(v.removable_at <= now(), true)
       and v.updated_at < now() - ended_for and v.id > after
     order by v.id limit n
$$;

-- Published versions without previews, and those without a text, for want of a program, in
-- id order. text_reason is empty for previews.
drop function if exists app.versions_not_available(uuid, integer);
create or replace function app.versions_not_available(after uuid, n integer)
returns table (organization_id uuid, version_id uuid, mime_type text, text_reason text)
language sql stable security definer set search_path = public, pg_temp as $$
    (select v.organization_id, v.id as version_id, v.mime_type, '' as text_reason from file_versions v
       join files f on f.organization_id = v.organization_id and f.id = v.file_id
      where v.preview = 'not_available_here' and v.preview_reason = 'program_not_installed' and v.status = 'published' and f.trashed_at is null
        and v.id > after
      order by v.id limit n)
    union all
    (select t.organization_id, t.version_id, v.mime_type, t.reason from file_texts t
       join file_versions v on v.organization_id = t.organization_id and v.id = t.version_id
       join files f on f.organization_id = t.organization_id and f.id = t.file_id
      where t.state = 'not_available_here' and t.reason in ('program_not_installed', 'recognizer_not_installed') and f.trashed_at is null
        and t.version_id > after
      order by t.version_id limit n)
    order by version_id limit n
$$;

-- Published versions whose previews have not come for a while, in id order: the workflow
-- that made them was lost.
create or replace function app.versions_without_previews(silent_for interval, after uuid, n integer)
returns table (organization_id uuid, file_id uuid, version_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select v.organization_id, v.file_id, v.id from file_versions v
      join files f on f.organization_id = v.organization_id and f.id = v.file_id
     where v.preview = 'pending' and v.status = 'published' and f.trashed_at is null
       and v.updated_at < now() - silent_for and v.id > after
     order by v.id limit n
$$;

-- Versions with pictures that were asked for and not for a while since, in id order.
create or replace function app.versions_with_unused_pictures(unused interval, after uuid, n integer)
returns table (organization_id uuid, version_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select distinct on (t.version_id) t.organization_id, t.version_id from transformations t
     where t.version_id > after and t.used_at < now() - unused
     order by t.version_id limit n
$$;
