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
$$;
