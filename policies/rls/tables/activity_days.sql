-- Sums by day. They are replaced, never added to.
alter table activity_days enable row level security;
alter table activity_days force row level security;
drop policy if exists tenant on activity_days;
create policy tenant on activity_days for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on activity_days to satchel_app;

-- What an action of the audit log is in reports; null: nothing.
create or replace function app.activity_verb(action text) returns text language sql immutable parallel safe as $$
    select case
        when action = 'file.upload' then 'upload'
        when action = 'file.read' then 'download'
        when action in ('file.change', 'file.trash', 'file.restore', 'file.revert', 'file.tag', 'file.link', 'file.unlink', 'folder.create', 'folder.change', 'folder.delete') then 'change'
        when action in ('share.create', 'share.change', 'share.revoke') then 'share'
        when action = 'share.download' then 'visit'
        when action = 'folder.hand_in' then 'hand_in'
        when action = 'folder.return' then 'return'
        when action in ('generation.request', 'generation.edit', 'generation.approve') then 'generate'
    end
$$;

-- Reads what the audit log and the events have more, at most that many rows of each, and
-- counts again the days on which that happened: whatever comes late, the numbers of its day
-- are those that one reading of everything would give. Both logs have their numbers in the
-- order of their commits, so nothing comes behind a mark with a smaller one. The row of the
-- mark is locked: two that roll up one organization wait for each other.
create or replace function app.roll_up_activity(most integer, kept interval)
returns table (events bigint, days bigint, unfinished boolean) language plpgsql as $$
declare
    read_audit bigint; read_event bigint; old_zone text; salted bytea; zone text;
    to_audit bigint; to_event bigint; touched date[]; added bigint; seen date[]; more bigint; has_audit bigint; has_event bigint;
begin
    insert into activity_marks (organization_id) values (app.org()) on conflict do nothing;
    select m.audit_seq, m.event_seq, m.time_zone, m.salt into read_audit, read_event, old_zone, salted
      from activity_marks m where m.organization_id = (select app.org()) for update;
    zone := coalesce((select p.time_zone from organization_policies p where p.organization_id = (select app.org())), 'UTC');
    begin
        perform now() at time zone zone;
    exception when others then
        zone := 'UTC'; -- one that this server does not know
    end;
    perform app.number_events();
    select coalesce(max(s.seq), read_audit), count(*) into to_audit, has_audit
      from (select a.seq from audit_events a where a.organization_id = (select app.org()) and a.seq > read_audit order by a.seq limit most) s;
    select coalesce(max(s.seq), read_event), count(*) into to_event, has_event
      from (select e.seq from organization_events e where e.organization_id = (select app.org()) and e.seq > read_event order by e.seq limit most) s;

    with added_rows as (
        insert into activity_events (organization_id, source, seq, at, verb, role, person)
        select app.org(), 'audit', l.seq, l.at, l.verb,
               case when l.said ->> 'key' <> '' then 'key' when l.said ->> 'role' in ('owner', 'admin', 'teacher', 'student', 'parent') then l.said ->> 'role' else '' end,
               case when l.actor <> '' and l.said ->> 'key' = '' and l.said ->> 'role' in ('owner', 'admin', 'teacher', 'student', 'parent')
                    then substr(encode(sha256(salted || convert_to(l.actor, 'UTF8')), 'hex'), 1, 32)::uuid end
          from (select a.seq, a.at, a.actor, a.event::jsonb as said, app.activity_verb(a.action) as verb from audit_events a
                 where a.organization_id = (select app.org()) and a.seq > read_audit and a.seq <= to_audit and a.result = 'done'
                   and app.activity_verb(a.action) is not null and a.at > now() - kept) l
        on conflict do nothing returning at)
    select count(*), coalesce(array_agg(distinct (r.at at time zone zone)::date), '{}') into added, touched from added_rows r;

    with added_rows as (
        insert into activity_events (organization_id, source, seq, at, verb, part, bytes)
        select app.org(), 'event', e.seq, e.at, split_part(e.type, '.', 2),
               left(case e.type when 'file.published' then e.data ->> 'mime_type' else coalesce(nullif(e.data ->> 'code', ''), e.data ->> 'status') end, 200),
               coalesce((e.data ->> 'size')::bigint, 0)
          from organization_events e
         where e.organization_id = (select app.org()) and e.seq > read_event and e.seq <= to_event and e.at > now() - kept
           and e.type in ('file.published', 'file.quarantined', 'file.held', 'file.rejected')
        on conflict do nothing returning at)
    select count(*), coalesce(array_agg(distinct (r.at at time zone zone)::date), '{}') into more, seen from added_rows r;
    added := added + more;

    if old_zone <> zone and old_zone <> '' then -- the days begin and end at other times
        delete from activity_days d where d.organization_id = (select app.org()) and d.day >= (select min(e.at at time zone zone)::date from activity_events e where e.organization_id = (select app.org()));
        select coalesce(array_agg(distinct (e.at at time zone zone)::date), '{}') into touched from activity_events e where e.organization_id = (select app.org());
    end if;
    select coalesce(array_agg(distinct d), '{}') into touched from unnest(touched || seen) d;
    if cardinality(touched) > 0 then
        delete from activity_days d where d.organization_id = (select app.org()) and d.day = any (touched);
        insert into activity_days (organization_id, day, verb, role, part, n, bytes, people)
        select app.org(), c.day, coalesce(c.verb, 'any'), coalesce(c.role, ''), coalesce(c.part, ''), count(*), sum(c.bytes), count(distinct c.person)
          from (select (e.at at time zone zone)::date as day, e.verb, e.role, e.part, e.bytes, e.person from activity_events e
                 where e.organization_id = (select app.org()) and e.at >= (select min(d) from unnest(touched) d)::timestamp at time zone zone
                   and e.at < ((select max(d) from unnest(touched) d) + 1)::timestamp at time zone zone) c
         where c.day = any (touched)
         group by grouping sets ((c.day, c.verb, c.role, c.part), (c.day, c.role), (c.day))
        having grouping(c.verb) = 0 or count(c.person) > 0 and (grouping(c.role) = 1 or c.role not in ('', 'key'));
    end if;
    delete from activity_events e where e.organization_id = (select app.org()) and e.at < now() - kept -- the months that have any
        and (e.source, e.seq) in (select o.source, o.seq from activity_events o where o.organization_id = (select app.org()) and o.at < now() - kept order by o.at limit most);
    update activity_marks m set audit_seq = to_audit, event_seq = to_event, time_zone = zone, rolled_at = now() where m.organization_id = (select app.org());
    return query select added, cardinality(touched)::bigint, has_audit >= most or has_event >= most;
end $$;
grant execute on function app.activity_verb(text), app.roll_up_activity(integer, interval) to satchel_app;
