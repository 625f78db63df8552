-- Warnings before a limit is reached, the events of an organization, and what an
-- organization stored at the end of a day.

-- What happened to an organization, in the order of the commits: the next number
-- is taken under a lock that lasts until the commit, so anyone who reads on from the
-- last one they saw misses nothing. Webhooks deliver from it.
create table organization_events (
    organization_id uuid not null references organizations (id),
    seq             bigint not null check (seq > 0),
    id              uuid not null,
    type            text not null check (type ~ '^[a-z_]+(\.[a-z_]+)+$'),
    data            jsonb not null,
    at              timestamptz not null default clock_timestamp(),
    primary key (organization_id, seq),
    unique (organization_id, id)
);

-- The warnings that stand. A row goes when use has fallen well below its
-- threshold; only then may the same one be raised again.
create table usage_warnings (
    organization_id uuid not null references organizations (id),
    metric          text not null check (metric in ('bytes', 'members')),
    threshold       smallint not null check (threshold in (80, 95)),
    event_id        uuid,        -- null: passed together with a higher one, which warned for both
    mail            text not null default 'none' check (mail in ('none', 'queued', 'sent', 'failed')),
    mail_code       text not null default '',
    raised_at       timestamptz not null default now(),
    started_at      timestamptz, -- when its mail's workflow was last started
    mailed_at       timestamptz,
    primary key (organization_id, metric, threshold),
    foreign key (organization_id, event_id) references organization_events (organization_id, id),
    constraint mail_has_event check (mail = 'none' or event_id is not null)
);
create index usage_warnings_queued on usage_warnings (started_at) where mail = 'queued';

-- People are counted for seats, for every organization, every two minutes.
create index members_people on members (organization_id) where not service;

-- How full an organization is, of all that a tier limits over time.
create view usage_levels with (security_invoker = true) as
select organization_id, metric, used, most,
       case when used = 0 then 0 when most = 0 then 100 else least(floor(used::numeric * 100 / most), 1000000) end::integer as percent
  from (select q.organization_id, 'bytes' as metric, q.used_bytes + q.reserved_bytes as used, q.max_bytes as most
          from storage_quotas q
        union all
        select p.organization_id, 'members', p.people, t.max_members
          from (select organization_id, count(*) as people from members where not service group by organization_id) p
          join organizations o on o.id = p.organization_id join tiers t on t.name = o.tier) l;

-- Where the warnings that stand differ from how full an active organization is:
-- rising over a threshold without a warning, or with one and fallen far enough
-- below that it may come again.
create view usage_crossings with (security_invoker = true) as
select l.organization_id, l.metric, t.threshold, l.used, l.most, l.percent, w.threshold is null as rising
  from usage_levels l
  join organizations o on o.id = l.organization_id and o.status = 'active'
 cross join (select 80::smallint as threshold, 75 as falls_below union all select 95::smallint, 90) t
  left join usage_warnings w on w.organization_id = l.organization_id and w.metric = l.metric and w.threshold = t.threshold
 where case when w.threshold is null then l.percent >= t.threshold else l.percent < t.falls_below end;

-- Sums of a day over a tier's organizations.
create index usage_days_by_day on usage_days (day);

-- What was stored when the day began on which it last changed. A day that is over
-- so has an exact end, whenever someone asks: as nothing changed after it, or as
-- it was before the first change.
alter table storage_quotas
    add column opened_on     date not null default (now() at time zone 'UTC')::date,
    add column opening_bytes bigint not null default 0;
update storage_quotas set opening_bytes = used_bytes;

create or replace function app.version_quota() returns trigger language plpgsql as $$
declare
    reserved bigint := coalesce(new.reserved_bytes, 0) - coalesce(old.reserved_bytes, 0);
    used     bigint := coalesce(new.used_bytes, 0) - coalesce(old.used_bytes, 0);
    org      uuid   := coalesce(new.organization_id, old.organization_id);
    today    date   := (now() at time zone 'UTC')::date;
begin
    if reserved = 0 and used = 0 then return null; end if;
    -- Only growth is refused: an organization above a lowered limit can still
    -- settle, shrink and delete.
    update storage_quotas set reserved_bytes = reserved_bytes + reserved, used_bytes = used_bytes + used, updated_at = now(),
           opening_bytes = case when opened_on < today then used_bytes else opening_bytes end, opened_on = greatest(opened_on, today)
     where organization_id = org
       and (reserved + used <= 0 or used_bytes + reserved_bytes + used + reserved <= max_bytes);
    if not found then
        raise exception 'no room for % bytes', reserved + used using errcode = 'SQ001',
            detail = (select format('%s bytes%s', q.max_bytes, case when q.max_bytes_set then '' else ', as of the tier ' || o.tier end)
                        from storage_quotas q join organizations o on o.id = q.organization_id where q.organization_id = org);
    end if;
    return null;
end $$;
