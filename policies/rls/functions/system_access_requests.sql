-- Requests to see education records (34 CFR 99.10): what is held while one is open, which records
-- it is about, who is told by when, and what its package becomes.

-- A request holds what it is about from the moment it is there until it is over, by any way in which it ends.
-- The students of a file that are named beside its subject are covered by app.hold_covers.
create or replace function app.access_request_follow() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        insert into holds (organization_id, id, kind, scope, person_id, reason, placed_by, request_id)
        values (new.organization_id, app.new_id(), 'access_request', 'person', new.student_id, '34 CFR 99.10(e), request ' || new.id, new.requester_id, new.id);
        perform app.officers_notify(new.organization_id, 'access_request.due', jsonb_build_object('request_id', new.id, 'day', 0), new.requester_id);
    elsif new.ended_at is not null and old.ended_at is null then
        update holds h set release_asked_by = coalesce(h.release_asked_by, new.ended_by), release_asked_at = coalesce(h.release_asked_at, now()),
                           release_reason = case h.release_reason when '' then 'the request is over: ' || new.state else h.release_reason end, released_by = new.ended_by, released_at = now()
         where h.organization_id = new.organization_id and h.request_id = new.id and h.released_at is null;
    end if;
    return null;
end $$;
create or replace trigger b_follow after insert or update of ended_at on access_requests
    for each row execute function app.access_request_follow();

-- Tells owners and admins, but for one of them who did it.
create or replace function app.officers_notify(org uuid, kind text, data jsonb, doer uuid) returns void
language sql security definer set search_path = public, pg_temp as $$
    insert into notifications (organization_id, id, user_id, kind, data)
    select org, app.new_id(), m.user_id, officers_notify.kind, officers_notify.data from members m
     where m.organization_id = org and m.role in ('owner', 'admin') and not m.service and m.user_id is distinct from doer
$$;

-- The records that a request is about: what is an education record, about the student, and
-- published. How many students each tells of says whether a person has to look. Again it adds
-- what came since. A decision is about the version that was there and the students of whom it
-- told: with another version, or when it tells of more, it is made again, but for what tells of
-- the student alone and was not decided by a person.
create or replace function app.access_request_collect(org uuid, request uuid) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare student uuid; n bigint;
begin
    select r.student_id into student from access_requests r where r.organization_id = org and r.id = request and r.state in ('review', 'ready', 'delivered');
    if not found then return 0; end if;
    insert into access_request_files as a (organization_id, request_id, file_id, version_id, students, decision)
    select org, request, f.id, f.current_id, greatest(1, s.n), case when s.n <= 1 then 'include' else 'waiting' end
      from files f, lateral (select count(*) as n, coalesce(bool_or(t.student_id = student), false) as theirs from app.record_students_of(org, f.id) t) s
     where f.organization_id = org and f.current_id is not null and s.theirs and app.record_class(org, f.id) in ('education_record', 'directory_info')
       and (f.subject_id = student or exists (select from record_students x where x.organization_id = org and x.file_id = f.id and x.student_id = student)
            or f.space_id in (select p.id from spaces p where p.organization_id = org and p.about_id = student))
        on conflict (organization_id, request_id, file_id) do update
       set version_id = excluded.version_id, students = excluded.students,
           decision = case when excluded.students > 1 or a.decided_by is not null then 'waiting' else a.decision end,
           decided_by = null, decided_at = null, reason = ''
     where excluded.students > a.students or excluded.version_id is distinct from a.version_id;
    get diagnostics n = row_count;
    return n;
end $$;

-- Whether who asked has the right to the records still: '' or the section by which not. An owner or
-- admin hands on what was asked for on paper. A student asks about themselves, and a guardian about a
-- child until the rights pass to the student.
create or replace function app.access_request_right(org uuid, request uuid) returns text
language sql stable security definer set search_path = public, pg_temp as $$
    select case
        when r.requester_id = r.student_id
          or exists (select from members m where m.organization_id = r.organization_id and m.user_id = r.requester_id and m.role in ('owner', 'admin') and not m.service)
          or exists (select from wards w where w.organization_id = r.organization_id and w.guardian_id = r.requester_id and w.ward_id = r.student_id) then ''
        when exists (select from people p where p.organization_id = r.organization_id and p.user_id = r.student_id and p.adult_from <= current_date) then '34 CFR 99.5'
        else '34 CFR 99.4' end
      from access_requests r where r.organization_id = org and r.id = request
$$;
grant select on wards to satchel_system;

-- Open requests whose next day is reached: the 30th, the 40th, and the 45th, on which the answer
-- is late.
create or replace function app.access_requests_due(after uuid, n integer) returns table (organization_id uuid, request_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select r.organization_id, r.id from access_requests r
     where r.state not in ('delivered', 'closed', 'rejected', 'withdrawn') and r.id > after and r.told < app.access_request_day(r.received_at, r.due_at)
     order by r.id limit n
$$;

-- Tells officers of the day that was reached, once, and gives it; 0: there is nothing to tell.
create or replace function app.access_request_tell(org uuid, request uuid) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare day integer;
begin
    select app.access_request_day(r.received_at, r.due_at) into day from access_requests r
     where r.organization_id = org and r.id = request and r.state not in ('delivered', 'closed', 'rejected', 'withdrawn')
       and r.told < app.access_request_day(r.received_at, r.due_at) for update;
    if not found then return 0; end if;
    update access_requests r set told = day where r.organization_id = org and r.id = request;
    perform app.officers_notify(org, 'access_request.due', jsonb_build_object('request_id', request, 'day', day), null);
    return day;
end $$;

-- A package that is ready is its requester's to fetch; of one that failed, or that was removed
-- before it was fetched, the review goes on. One that is older than another says nothing.
create or replace function app.access_request_packaged() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare r record;
begin
    update access_requests q set state = case new.state when 'ready' then 'ready' else 'review' end
     where q.organization_id = new.organization_id and q.id = new.access_request_id
       and (q.state = 'releasing' or q.state = 'ready' and new.state = 'removed')
       and not exists (select from exports x where x.organization_id = new.organization_id and x.access_request_id = new.access_request_id
                          and x.id <> new.id and x.created_at > new.created_at)
    returning q.requester_id into r;
    if found and new.state = 'ready' and app.access_request_right(new.organization_id, new.access_request_id) = '' then
        insert into notifications (organization_id, id, user_id, kind, data)
        values (new.organization_id, app.new_id(), r.requester_id, 'access_request.ready', jsonb_build_object('request_id', new.access_request_id));
    end if;
    return null;
end $$;
create or replace trigger b_packaged after update of state on exports
    for each row when (new.access_request_id is not null and (old.state = 'running' and new.state in ('ready', 'failed', 'removed') or old.state = 'ready' and new.state = 'removed'))
    execute function app.access_request_packaged();
