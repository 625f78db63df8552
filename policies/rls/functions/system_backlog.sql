-- How much work waits on the platform, by kind, and since when the oldest of it. Each kind
-- has a partial index that holds what waits and nothing else. A mail or a webhook waits from
-- the moment at which it may go.
create or replace function app.backlog() returns table (work text, items bigint, oldest timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select 'admission', count(*), min(received_at) from file_versions where status = 'processing' and started_at is null
    union all
    select 'pipeline', count(*), min(received_at) from file_versions where status = 'processing' and started_at is not null
    union all
    select 'previews', count(*), min(published_at) from file_versions where preview = 'pending' and published_at is not null
    union all
    select 'webhooks', count(*), min(next_at) from webhook_deliveries where state = 'pending' and next_at <= now()
    union all
    select 'mails', count(*), min(next_at) from notification_mails where state in ('queued', 'sending') and not open and next_at <= now()
    union all
    select 'usage_warnings', count(*), min(started_at) from usage_warnings where mail = 'queued'
    union all
    select 'exports', count(*), min(created_at) from exports where state = 'running'
$$;

-- How the archive of the WAL is doing, as the server itself knows: no row where it archives
-- nothing. What waits is complete segments behind the last archived one; a server without
-- writes completes none, so the age of the last one alone would tell nothing.
create or replace function app.wal_archive() returns table (archived_at timestamptz, failed_at timestamptz, waiting bigint)
language sql volatile security definer set search_path = public, pg_temp as $$
    select a.last_archived_time, a.last_failed_time,
           case when a.last_archived_wal ~ '^[0-9A-F]{24}'
                then greatest(pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint / s.bytes - 1
                     - (('x' || substr(a.last_archived_wal, 9, 8))::bit(32)::bigint * (4294967296 / s.bytes) + ('x' || substr(a.last_archived_wal, 17, 8))::bit(32)::bigint), 0)
                else greatest(pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint / s.bytes - 1, 0) end -- nothing was ever archived
      from pg_stat_archiver a, lateral (select pg_size_bytes(current_setting('wal_segment_size')) as bytes) s
     where current_setting('archive_mode') <> 'off' and not pg_is_in_recovery()
$$;

-- How much WAL the server keeps for each replication slot. A slot that no one reads fills the disk.
create or replace function app.wal_slots() returns table (slot text, active boolean, kept bigint)
language sql volatile security definer set search_path = public, pg_temp as $$
    select slot_name::text, active, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint
      from pg_replication_slots where not pg_is_in_recovery() and not temporary
$$;
