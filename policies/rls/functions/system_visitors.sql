-- What a visitor reaches by a share, without being anybody in the organization. These
-- functions return what the share shows and nothing else. What they lock, they lock in one
-- order: the share, then its rows.

-- Which share a token opens, and to whom of its recipients the token was sent. It is asked
-- for tokens of shares that have ended too: who holds one is told so.
create or replace function app.share_by_token(hash bytea)
returns table (organization_id uuid, share_id uuid, recipient_id uuid, kept boolean)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    return query
    select s.organization_id, s.id, null::uuid, true from shares s where s.token_hash = hash and s.kind = 'link'
    union all
    select r.organization_id, r.share_id, r.id, r.ended_at is null from share_recipients r where r.token_hash = hash and r.outside
    limit 1;
end $$;

-- The one version of a file that a share shows; no row for a file that it does not. state
-- says whether its bytes may leave: published, or why not; original whether more than its
-- previews may. What only the staff of a place
-- see, what is not handed out yet, and what may not leave the organization is not there. An
-- education record is refused, as no_basis, while the share does not say why it is disclosed (34 CFR 99.32(a)(3)):
-- what lies in a folder or a space, and what became a record since, was not asked about when the share was made.
create or replace function app.share_version(org uuid, share uuid, file uuid)
returns table (file_id uuid, version_id uuid, name text, state text, status_reason text, mime_type text, size bigint, sha256 text,
               object_etag text, published_at timestamptz, pages integer, original boolean)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    return query
    select f.id, v.id, f.name, case when f.trashed_at is not null then 'trashed' when d.class = 'education_record' and '' in (s.disclosure_basis, s.disclosure_interest) then 'no_basis' else v.status::text end, v.status_reason, v.mime_type, v.size, v.sha256,
           v.object_etag, v.published_at, v.pages, s.permission = 'download'
      from shares s
      join files f on f.organization_id = s.organization_id and f.id = share_version.file
      join file_versions v on v.organization_id = f.organization_id and v.file_id = f.id and v.id = coalesce(s.version_id, f.current_id, f.head_id)
      cross join lateral app.disclosure_on(f.organization_id, app.share_way(s.kind, s.permission), f.id, null, null, s.disclosure_basis, s.disclosure_consent, app.share_parties(s.organization_id, s.id)) d
     where s.organization_id = share_version.org and s.id = share_version.share and s.kind in ('link', 'people') and s.permission in ('view', 'download')
       and (s.file_id = f.id or s.space_id = f.space_id
            or exists (select from folder_paths p where p.organization_id = f.organization_id and p.folder_id = f.folder_id and p.ancestor_id = s.folder_id))
       and f.needs <= 1 and (f.visible_from is null or f.visible_from <= now())
       and d.allowed;
end $$;

-- Whether a download may send bytes now, asked before the first byte of each of its
-- requests: begun or continued when it may, else why not. The first of them reserves one of the share's
-- downloads; the limit is compared in the row that it changes, so that no two clients get
-- the last one. Of a share with a limit, a download whose bytes have all been sent is over:
-- one address would otherwise give any number of copies. A download that counts already
-- stays so, and its further requests change nothing here: a player that asks for many
-- ranges waits for no lock and for no disk.
create or replace function app.share_download_begin(org uuid, share uuid, download uuid, file uuid) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare s record; d record; begun boolean := false;
begin
    select t.state into d from share_downloads t where t.organization_id = org and t.share_id = share and t.id = download;
    if not found then return 'download_unknown'; end if;
    if d.state in ('issued', 'returned') then
        perform from shares t where t.organization_id = org and t.id = share for no key update;
    end if;
    select t.max_downloads, t.downloads, t.ended_reason, t.expires_at <= now() as over into s from shares t where t.organization_id = org and t.id = share;
    if s.ended_reason <> '' then return s.ended_reason; end if;
    if s.over then return 'expired'; end if;
    if d.state <> 'counted' then
        perform from share_downloads t where t.organization_id = org and t.share_id = share and t.id = download for update;
    end if;
    select t.state, t.expires_at <= now() as over, t.bytes_sent, t.bytes_total, t.file_id into d from share_downloads t
     where t.organization_id = org and t.share_id = share and t.id = download;
    if d.over then return 'download_expired'; end if;
    if d.file_id is distinct from file then return 'download_unknown'; end if;
    if s.max_downloads is not null and d.bytes_sent >= greatest(d.bytes_total, 1) then return 'download_complete'; end if;
    if d.state = 'counted' then return 'continued'; end if;
    if d.state in ('issued', 'returned') then
        update shares t set downloads = t.downloads + 1
         where t.organization_id = org and t.id = share and (t.max_downloads is null or t.downloads < t.max_downloads);
        if not found then return 'used_up'; end if;
        begun := true;
    end if;
    update share_downloads t set state = case when begun then 'reserved' else t.state end, started_at = coalesce(t.started_at, now()), open_requests = t.open_requests + 1
     where t.organization_id = org and t.share_id = share and t.id = download;
    return case when begun then 'begun' else 'continued' end;
end $$;

-- A request of a download has ended after so many bytes. One that lost nearly all is given
-- back to the share when none of its requests goes on. What is given back is bounded in
-- all: pieces of many lost downloads must not make a whole file. Only what may be given back
-- locks the share: hundreds who read one share would otherwise wait for each other, and with
-- them all connections. The disk is not waited for: an end that a crash of the
-- database loses leaves the download counted.
create or replace function app.share_download_end(org uuid, share uuid, download uuid, sent bigint) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare d record; slack bigint;
begin
    perform set_config('synchronous_commit', 'off', true);
    select t.state, t.bytes_sent, t.bytes_total into d from share_downloads t where t.organization_id = org and t.share_id = share and t.id = download;
    if not found then return ''; end if;
    if d.state = 'counted' then
        if d.bytes_sent < greatest(d.bytes_total, 1) then
            update share_downloads t set bytes_sent = t.bytes_sent + sent where t.organization_id = org and t.share_id = share and t.id = download;
        end if;
        return d.state;
    end if;
    if sent < app.share_download_slack(d.bytes_total) then
        perform from shares t where t.organization_id = org and t.id = share for no key update;
    end if;
    update share_downloads t set bytes_sent = t.bytes_sent + sent, open_requests = greatest(t.open_requests - 1, 0)
     where t.organization_id = org and t.share_id = share and t.id = download
    returning t.state, t.bytes_sent, t.bytes_total, t.open_requests, t.file_id into d;
    if not found or d.state <> 'reserved' or d.open_requests > 0 then return coalesce(d.state, ''); end if;
    slack := app.share_download_slack(d.bytes_total);
    if d.bytes_total is null or d.bytes_sent >= slack
       or d.bytes_sent + (select coalesce(sum(t.bytes_sent), 0) from share_downloads t where t.organization_id = org and t.share_id = share
                             and t.state = 'returned' and t.file_id is not distinct from d.file_id) >= slack then
        update share_downloads t set state = 'counted' where t.organization_id = org and t.share_id = share and t.id = download;
        return 'counted';
    end if;
    update share_downloads t set state = 'returned' where t.organization_id = org and t.share_id = share and t.id = download;
    update shares t set downloads = t.downloads - 1 where t.organization_id = org and t.id = share and t.downloads > 0;
    return 'returned';
end $$;

-- Counts an attempt at a password or a code before it is looked at, so that parallel ones
-- cannot pass together: for how long the next one must wait; null when this one may be
-- made. Five are free of an address, a hundred of a share, by any address (its row has
-- zeros for one); each further one doubles the wait, up to an hour, and for a share up to
-- five minutes, so that who guesses cannot keep others out. A day without any forgets all.
create or replace function app.share_attempt(org uuid, share uuid, address bytea, free integer, longest interval) returns interval
language plpgsql security definer set search_path = public, pg_temp as $$
declare wait interval;
begin
    insert into share_attempts as a (organization_id, share_id, address_hash, failed) values (org, share, address, 1)
        on conflict (organization_id, share_id, address_hash) do update
       set failed = case when a.updated_at < now() - interval '1 day' then 1 else a.failed + 1 end, updated_at = now(),
           blocked_until = case when a.failed + 1 > free and a.updated_at >= now() - interval '1 day'
                                then now() + least(longest, interval '1 minute' * (2 ^ least(a.failed - free, 20))) end
     where a.blocked_until is null or a.blocked_until <= now();
    if found then return null; end if;
    select greatest(a.blocked_until - now(), interval '1 second') into wait from share_attempts a where a.organization_id = org and a.share_id = share and a.address_hash = address;
    return wait;
end $$;

-- Holds the drops of a box until the transaction ends.
create or replace function app.share_drop_lock(org uuid, share uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform from shares t where t.organization_id = org and t.id = share for no key update;
end $$;

-- A file that a visitor drops, in the transaction that makes it. The bounds of the share
-- are compared in its row, so that a flood cannot pass them: '' or the bound.
create or replace function app.share_drop(org uuid, share uuid, version uuid, dropper uuid, recipient uuid, giver text) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare s record; v record;
begin
    select t.max_files, t.max_bytes, t.dropped_files, t.dropped_bytes, t.ended_reason, t.expires_at <= now() as over into s
      from shares t where t.organization_id = org and t.id = share and t.permission = 'upload' for no key update;
    if not found then return 'unknown'; end if;
    if s.ended_reason <> '' then return s.ended_reason; end if;
    if s.over then return 'expired'; end if;
    select t.file_id, t.size into v from file_versions t where t.organization_id = org and t.id = version;
    if s.dropped_files >= s.max_files then return 'drop_full'; end if;
    if s.dropped_bytes + v.size > s.max_bytes then return 'drop_too_much'; end if;
    insert into share_drops (organization_id, share_id, version_id, file_id, dropper, recipient_id, giver, bytes)
    values (org, share, version, v.file_id, dropper, recipient, left(giver, 100), v.size);
    update shares t set dropped_files = t.dropped_files + 1, dropped_bytes = t.dropped_bytes + v.size, updated_at = now()
     where t.organization_id = org and t.id = share;
    return '';
end $$;

-- A dropped file that grows counts its growth, and one that ends without being taken counts
-- no more.
create or replace function app.share_drop_follow() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare d record; refused boolean := new.status in ('rejected', 'failed', 'expired', 'quarantined', 'deleted');
begin
    for d in select t.share_id, t.bytes, t.counts from share_drops t where t.organization_id = new.organization_id and t.version_id = new.id and t.counts loop
        update shares t set dropped_bytes = greatest(0, t.dropped_bytes - d.bytes + case when refused then 0 else new.size end),
                            dropped_files = greatest(0, t.dropped_files - case when refused then 1 else 0 end)
         where t.organization_id = new.organization_id and t.id = d.share_id
           and (refused or new.size <= d.bytes or t.max_bytes is null or t.dropped_bytes - d.bytes + new.size <= t.max_bytes);
        if not found then
            raise exception 'more than the drop box takes' using errcode = 'SQ011';
        end if;
        update share_drops t set bytes = case when refused then t.bytes else new.size end, counts = not refused
         where t.organization_id = new.organization_id and t.share_id = d.share_id and t.version_id = new.id;
    end loop;
    return null;
end $$;
create or replace trigger e_drops after update of size, status on file_versions
    for each row when (old.size is distinct from new.size or old.status is distinct from new.status) execute function app.share_drop_follow();
