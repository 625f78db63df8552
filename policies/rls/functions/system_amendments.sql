-- Requests to amend a record (34 CFR 99.20 to 99.22): what is held while one is open, who is told,
-- and what a statement is asked for with.

-- Whether a file is a record about the student, of which the student's side may ask that it is amended.
create or replace function app.amendment_about(org uuid, file uuid, student uuid) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return coalesce(app.record_class(org, file) in ('education_record', 'directory_info'), false)
       and exists (select from app.record_students_of(org, file) s where s.student_id = student);
end $$;

-- Whether who asked has the right to hear of a request: as an officer, a guardian, or the student who is of age.
create or replace function app.amendment_right(org uuid, student uuid, who uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from members m where m.organization_id = org and m.user_id = who and m.role in ('owner', 'admin') and not m.service)
        or exists (select from wards w where w.organization_id = org and w.guardian_id = who and w.ward_id = student)
        or who = student and exists (select from people p where p.organization_id = org and p.user_id = student and p.adult_from <= current_date)
$$;

-- A request holds its file from the moment it is there until it is over, by any way in which it
-- ends. Owners and admins are told of what the other side did, and who asked, if they have the right
-- still, of what another did: a refusal with the right to a hearing, its day, the decision.
create or replace function app.amendment_follow() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        insert into holds (organization_id, id, kind, scope, file_id, reason, placed_by, amendment_id)
        values (new.organization_id, app.new_id(), 'amendment', 'file', new.file_id, '34 CFR 99.20, request ' || new.id, new.requester_id, new.id);
    elsif new.ended_at is not null then
        update holds h set release_asked_by = coalesce(h.release_asked_by, new.ended_by), release_asked_at = coalesce(h.release_asked_at, now()),
                           release_reason = case h.release_reason when '' then 'the request is over: ' || new.state else h.release_reason end, released_by = new.ended_by, released_at = now()
         where h.organization_id = new.organization_id and h.amendment_id = new.id and h.released_at is null;
    end if;
    if new.state in ('requested', 'hearing_requested', 'statement_attached', 'withdrawn') then
        perform app.officers_notify(new.organization_id, 'amendment.moved', jsonb_build_object('amendment_id', new.id, 'state', new.state), app.actor());
    end if;
    -- An officer who asked for another is told above of what the other side did.
    if tg_op = 'UPDATE' and new.requester_id is distinct from app.actor() and app.amendment_right(new.organization_id, new.student_id, new.requester_id)
       and (new.state not in ('requested', 'hearing_requested', 'statement_attached', 'withdrawn')
            or not exists (select from members m where m.organization_id = new.organization_id and m.user_id = new.requester_id and m.role in ('owner', 'admin') and not m.service)) then
        insert into notifications (organization_id, id, user_id, kind, data)
        values (new.organization_id, app.new_id(), new.requester_id, 'amendment.moved', jsonb_build_object('amendment_id', new.id, 'state', new.state));
    end if;
    return null;
end $$;
create or replace trigger b_follow after insert or update of state on amendments
    for each row execute function app.amendment_follow();
