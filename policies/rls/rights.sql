-- What the roles may reach, and what the policies ask. Applied at every migration: these
-- files are the whole of the access rules.

-- The organization of the current transaction. A fresh connection has no setting
-- and a reused one holds '': both mean "no organization", which compares as null
-- and so matches no row.
create or replace function app.org() returns uuid language sql stable parallel safe as
$$ select nullif(current_setting('app.current_org_id', true), '')::uuid $$;

-- The person, or the service account of an API key, for whom the transaction runs.
create or replace function app.actor() returns uuid language sql stable parallel safe as
$$ select nullif(current_setting('app.actor', true), '')::uuid $$;

-- Whether the platform's own work asks, through a view. current_user is the role of the
-- statement, also inside a view that another role owns.
create or replace function app.organization_wide() returns boolean language sql stable parallel safe as
$$ select current_user = 'satchel_app' $$;

-- The organization of a transaction that has an actor, or is the platform's own.
create or replace function app.people_org() returns uuid language sql stable parallel safe as
$$ select case when app.actor() is not null or app.organization_wide() then app.org() end $$;

-- A table without its file here is unreachable: everything is taken away first.
revoke all on all tables in schema public from satchel_app, satchel_people, satchel_system, satchel_views, public;
revoke all on all tables in schema app from satchel_app, satchel_people, satchel_system, satchel_views, public;
revoke all on all functions in schema app from satchel_app, satchel_people, satchel_views, public;
revoke create on schema public from public;
grant usage on schema public, app to satchel_app, satchel_people, satchel_system, satchel_views;
grant create on schema app to satchel_system, satchel_views;
grant create on schema public to satchel_views;
grant execute on function app.org(), app.actor(), app.organization_wide(), app.people_org() to satchel_app, satchel_people, satchel_system, satchel_views;

-- What the policies of people ask once a statement: whether the actor's API key acts
-- in all spaces, and whether the actor administers the organization or oversees it. These, and those
-- below that a policy asks for a row, are PL/pgSQL: a function in SQL becomes part of
-- the statement, and with it the policies of every table that it reads, which then take
-- longer to plan than the statement takes to run.
create or replace function app.all_spaces() returns boolean language plpgsql stable parallel safe as
$$ begin return exists (select from members m where m.organization_id = (select app.people_org()) and m.user_id = app.actor() and m.all_spaces); end $$;
create or replace function app.is_admin() returns boolean language plpgsql stable parallel safe as
$$ begin return exists (select from members m where m.organization_id = (select app.people_org()) and m.user_id = app.actor() and m.role in ('owner', 'admin') and not m.service); end $$;
create or replace function app.oversees() returns boolean language plpgsql stable parallel safe as
$$ begin return exists (select from members m where m.organization_id = (select app.people_org()) and m.user_id = app.actor() and m.role in ('owner', 'admin', 'auditor') and not m.service); end $$;
grant execute on function app.all_spaces(), app.is_admin(), app.oversees() to satchel_app, satchel_people;

-- The actor's level in a space; 0 outside.
create or replace function app.my_level(space uuid) returns integer language plpgsql stable parallel safe as $$
begin
    return case when app.all_spaces() then 3 else
        (select coalesce(max(m.level), 0) from app.my_spaces m where m.organization_id = (select app.people_org()) and m.space_id = space) end;
end $$;

-- Whether the actor sees a space and a folder. What is not named is no obstacle.
create or replace function app.place_seen(space uuid, folder uuid) returns boolean language plpgsql stable parallel safe as $$
begin
    if space is not null then
        if not exists (select from spaces s where s.organization_id = (select app.people_org()) and s.id = space) then return false; end if;
    end if;
    if folder is not null then
        return exists (select from folders d where d.organization_id = (select app.people_org()) and d.id = folder);
    end if;
    return true;
end $$;

-- Whether the actor reads a file, and a version: for the rows that hang on them.
create or replace function app.may_read_file(file uuid) returns boolean language plpgsql stable parallel safe as $$
begin
    return exists (select from files f where f.organization_id = (select app.people_org()) and f.id = file);
end $$;
create or replace function app.may_read_version(version uuid) returns boolean language plpgsql stable parallel safe as $$
begin
    return exists (select from file_versions v where v.organization_id = (select app.people_org()) and v.id = version);
end $$;

-- Whether the actor may change a file that they see.
create or replace function app.may_change_file(file uuid) returns boolean language plpgsql stable parallel safe as $$
begin
    return exists (select from files f where f.organization_id = (select app.people_org()) and f.id = file
        and (f.uploaded_by = app.actor() and f.handed_in_at is null
             or exists (select from app.my_spaces m where m.organization_id = f.organization_id and m.space_id = f.space_id and m.level >= 3)
             or exists (select from app.linked_files l where l.organization_id = f.organization_id and l.file_id = f.id and l.level = 'edit')
             or exists (select from app.linked_folders l where l.organization_id = f.organization_id and l.folder_id = f.folder_id and l.level = 'edit')
             or (select app.all_spaces())));
end $$;

-- Only what all in a space see is shown elsewhere, by who may change it there: who may
-- change it because it is shown to them does not show it to others.
create or replace function app.may_link_file(file uuid) returns boolean language plpgsql stable parallel safe as $$
begin
    return exists (select from files f where f.organization_id = (select app.people_org()) and f.id = file and f.needs <= 1
        and (f.uploaded_by = app.actor() and f.handed_in_at is null
               and exists (select from app.my_spaces m where m.organization_id = f.organization_id and m.space_id = f.space_id and m.level >= 2)
             or exists (select from app.my_spaces m where m.organization_id = f.organization_id and m.space_id = f.space_id and m.level >= 3)
             or (select app.all_spaces())));
end $$;
create or replace function app.may_link_folder(folder uuid) returns boolean language plpgsql stable parallel safe as $$
begin
    return exists (select from folders d where d.organization_id = (select app.people_org()) and d.id = folder and d.mode <> 'handin' and app.my_level(d.space_id) >= 3);
end $$;
grant execute on function app.my_level(uuid), app.place_seen(uuid, uuid), app.may_read_file(uuid), app.may_read_version(uuid), app.may_change_file(uuid),
    app.may_link_file(uuid), app.may_link_folder(uuid) to satchel_people;
grant execute on function app.my_level(uuid) to satchel_system; -- app.free_name

-- Whether the actor may share something by a kind of share, sees a share, and manages it:
-- asked through functions, since the rules of shares and of their recipients would ask
-- each other.
create or replace function app.may_share(kind text, file uuid, folder uuid, space uuid) returns boolean language plpgsql stable as
$$ begin return app.share_until(app.people_org(), app.actor(), kind, file, folder, space) is not null; end $$;
create or replace function app.may_see_share(share uuid) returns boolean language plpgsql stable as
$$ begin return exists (select from shares s where s.organization_id = (select app.people_org()) and s.id = share); end $$;
create or replace function app.may_manage_share(share uuid) returns boolean language plpgsql stable as $$
begin
    return exists (select from shares s where s.organization_id = (select app.people_org()) and s.id = share
        and (s.created_by = app.actor() or app.is_admin() or app.all_spaces() or app.may_share('members', s.file_id, s.folder_id, s.space_id)));
end $$;
grant execute on function app.may_share(text, uuid, uuid, uuid), app.may_see_share(uuid), app.may_manage_share(uuid) to satchel_people;

-- What a role alone gives in a space of a kind. A service account has what was
-- granted to it.
create or replace function app.role_level(kind text, role text) returns smallint language sql immutable parallel safe as $$
    select case when kind in ('class', 'group') and role in ('owner', 'admin') then 3
                when kind in ('library', 'staff') and role in ('owner', 'admin') then 4
                when kind = 'library' and role = 'teacher' then 2
                when kind = 'library' and role = 'student' then 1
                when kind = 'staff' and role = 'teacher' then 3 end::smallint
$$;
grant execute on function app.role_level(text, text) to satchel_app, satchel_people, satchel_system;

-- A hand-in may take some kinds of files alone, by the ending of the name. What a person puts there, or calls a
-- file there, is of those; the platform's own work does not name files.
create or replace function app.must_accept(accepted text[], name text) returns void language plpgsql stable as $$
begin
    if cardinality(accepted) > 0 and app.actor() is not null and not coalesce(lower(substring(name from '\.([^.]*)$')), '') = any (accepted) then
        raise exception 'the folder does not take files of this kind' using errcode = 'SQ061', detail = array_to_string(accepted, ', ');
    end if;
end $$;
grant execute on function app.must_accept(text[], text) to satchel_system;

-- The level in a space that a permission is.
create or replace function app.share_level(permission text) returns smallint language sql immutable parallel safe as
$$ select case permission when 'edit' then 3 when 'upload' then 2 else 1 end::smallint $$;
grant execute on function app.share_level(text) to satchel_app, satchel_people, satchel_system;

-- How many bytes of a download may be lost before it counts: 64 KiB, or 1 % of a large
-- file, and never more than a tenth of a small one.
create or replace function app.share_download_slack(total bigint) returns bigint language sql immutable parallel safe as
$$ select least(total, greatest(65536, total / 100), greatest(1, total / 10)) $$;
grant execute on function app.share_download_slack(bigint) to satchel_app, satchel_system;

-- Which way out a share is.
create or replace function app.share_way(kind text, permission text) returns text language sql immutable parallel safe as
$$ select case when permission = 'upload' then 'drop_box' when kind = 'people' then 'outside_person' else 'link' end $$;
grant execute on function app.share_way(text, text) to satchel_app, satchel_people, satchel_system;

-- Whether the rows of the organization are being deleted: then nothing needs to follow.
create or replace function app.being_deleted(org uuid) returns boolean language sql stable as
$$ select coalesce(current_setting('app.deleting', true) = org::text, false) $$;
grant execute on function app.being_deleted(uuid) to satchel_system;

-- The last day of a request for access of which officers are told that is reached: 30, 40, or 45,
-- when it is due; 0 before.
create or replace function app.access_request_day(received timestamptz, due timestamptz) returns integer language sql stable parallel safe as $$
    select case when now() >= due then 45 when now() >= received + interval '40 days' then 40 when now() >= received + interval '30 days' then 30 else 0 end
$$;
grant execute on function app.access_request_day(timestamptz, timestamptz) to satchel_app, satchel_system;

-- The platform's own rules. An organization's row of disclosure_rules goes before them.
-- A webhook carries ids alone; an export is the organization's own data, for its owner.
create or replace function app.disclosure_default(way text, class text) returns table (allowed boolean, rule text)
language sql immutable parallel safe as $$
    select d.allowed, d.rule from (values
        ('link',           'general',          true,  'default'),
        ('link',           'personal',         false, 'personal_needs_named_people'),
        ('link',           'education_record', false, 'records_stay_inside'),
        ('link',           'confidential',     false, 'confidential_stays_inside'),
        ('outside_person', 'general',          true,  'default'),
        ('outside_person', 'personal',         true,  'default'),
        ('outside_person', 'education_record', false, 'records_stay_inside'),
        ('outside_person', 'confidential',     false, 'confidential_stays_inside'),
        ('drop_box',       'general',          true,  'default'),
        ('drop_box',       'personal',         true,  'default'),
        ('drop_box',       'education_record', false, 'records_stay_inside'),
        ('drop_box',       'confidential',     false, 'confidential_stays_inside'),
        ('model',          'general',          false, 'no_agreement'),
        ('model',          'personal',         false, 'personal_not_to_models'),
        ('model',          'education_record', false, 'records_not_to_models'),
        ('model',          'confidential',     false, 'confidential_stays_inside'),
        ('webhook',        'general',          true,  'ids_only'),
        ('webhook',        'personal',         true,  'ids_only'),
        ('webhook',        'education_record', true,  'ids_only'),
        ('webhook',        'confidential',     false, 'confidential_stays_inside'),
        ('export',         'general',          true,  'own_data'),
        ('export',         'personal',         true,  'own_data'),
        ('export',         'education_record', true,  'own_data'),
        ('export',         'confidential',     true,  'own_data')
    ) d (way, class, allowed, rule) where d.way = disclosure_default.way and d.class = disclosure_default.class
    union all
    -- No agreement exists for this yet.
    select false, 'no_agreement' where disclosure_default.way = 'connector'
$$;
grant execute on function app.disclosure_default(text, text) to satchel_app, satchel_system;

-- The age that a grade has at the least: grade n begins at n + 5. A grade that is not known
-- has none.
create or replace function app.grade_number(grade text) returns integer language sql immutable parallel safe as $$
    select case upper(btrim(grade)) when 'IT' then -2 when 'PR' then -2 when 'PK' then -1 when 'TK' then -1 when 'KG' then 0 when 'K' then 0
                when 'PS' then 13 when 'UG' then null
                else case when btrim(grade) ~ '^[0-9]{1,2}$' and btrim(grade)::integer <= 13 then btrim(grade)::integer end end
$$;
grant execute on function app.grade_number(text) to satchel_app, satchel_system;

-- The methods of consent: how strong each is, and where the rule has it. What a method
-- permits follows from its strength.
create or replace function app.consent_methods() returns table (method text, strength text, rule text, ships boolean)
language sql immutable parallel safe as $$
    values ('email_plus', 'plus', '16 CFR 312.5(b)(2)(viii)', true),
           ('text_plus', 'plus', '16 CFR 312.5(b)(2)(ix)', false),
           ('signed_form', 'strong', '16 CFR 312.5(b)(2)(i)', true),
           ('card', 'strong', '16 CFR 312.5(b)(2)(ii)', false),
           ('toll_free', 'strong', '16 CFR 312.5(b)(2)(iii)', false),
           ('video_call', 'strong', '16 CFR 312.5(b)(2)(iv)', false),
           ('government_id', 'strong', '16 CFR 312.5(b)(2)(v)', false),
           ('knowledge', 'strong', '16 CFR 312.5(b)(2)(vi)', false),
           ('photo_id', 'strong', '16 CFR 312.5(b)(2)(vii)', false),
           ('school_authorization', 'school', 'FTC guidance on 16 CFR 312.5', true),
           ('not_pi', 'none', '16 CFR 312.2', true)
$$;

-- The one table of what a basis permits. yes; no; scope: the grant names the scope
-- disclose:<action>; directed: the organization has a rule of its own that allows it.
create or replace function app.consent_matrix() returns table (method text, action text, permits text, rule text)
language sql immutable parallel safe as $$
    select m.method, a.action, case m.strength when 'plus' then a.plus when 'strong' then a.strong when 'school' then a.school else 'yes' end,
           case case m.strength when 'plus' then a.plus when 'strong' then a.strong when 'school' then a.school else 'yes' end
                when 'yes' then '' when 'scope' then '16 CFR 312.5(a)(2)' when 'directed' then '34 CFR 99.30'
                else case m.strength when 'plus' then m.rule else '16 CFR 312.5(a)(1)' end end
      from app.consent_methods() m, (values
        ('store',          'yes', 'yes',   'yes'),
        ('view',           'yes', 'yes',   'yes'),
        ('link',           'no',  'scope', 'no'),
        ('outside_person', 'no',  'scope', 'directed'),
        ('drop_box',       'yes', 'yes',   'yes'),
        ('webhook',        'yes', 'yes',   'yes'),
        ('export',         'yes', 'yes',   'yes'),
        ('connector',      'no',  'scope', 'no'),
        ('model',          'no',  'scope', 'no'),
        ('train',          'no',  'scope', 'no')) a (action, plus, strong, school)
$$;
grant execute on function app.consent_methods(), app.consent_matrix() to satchel_app, satchel_system;

-- Where the WAL of this server was when it was asked: its timeline, and behind what was acknowledged
-- by then. A commit that does not wait for the disk is acknowledged before it is flushed. Null on a standby.
create or replace function app.wal_position() returns text language sql volatile as $$
    select case when not pg_is_in_recovery() then left(pg_walfile_name(pg_current_wal_lsn()), 8) || ' '
        || case current_setting('synchronous_commit') when 'off' then pg_current_wal_insert_lsn() else pg_current_wal_flush_lsn() end end
$$;

-- Whether this server is a standby that has replayed such a position. LSNs of two timelines do not
-- compare: a standby that still follows a primary from before a failover may be ahead of the new one
-- and lack what is in that one. One that has followed says so from its next restartpoint on.
create or replace function app.replayed(place text) returns boolean language sql volatile as $$
    select pg_is_in_recovery() and split_part(place, ' ', 1) = lpad(upper(to_hex(c.timeline_id)), 8, '0')
       and coalesce(pg_last_wal_replay_lsn() >= split_part(place, ' ', 2)::pg_lsn, false) from pg_control_checkpoint() c
$$;

-- Lets the statements behind it see what was acknowledged at that position, or none of them run. The
-- wait is short: the primary answers sooner.
create or replace function app.wait_for_replay(place text) returns void language plpgsql volatile as $$
declare patience constant timestamptz := clock_timestamp() + interval '20 ms';
begin
    while not app.replayed(place) loop
        if clock_timestamp() >= patience then
            raise exception 'this server has not replayed %', place using errcode = 'SQ050';
        end if;
        perform pg_sleep(0.001);
    end loop;
end $$;
grant execute on function app.wal_position(), app.replayed(text), app.wait_for_replay(text) to satchel_app;

-- The partitions of a table but the default one, and where each ends.
create or replace function app.months_of(parent oid) returns table (name text, until timestamptz) language sql stable set timezone = 'UTC' as $$
    select c.relname::text, substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \(''([^'']+)''\)')::timestamptz
      from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = parent and pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'
$$;
