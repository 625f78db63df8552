-- Erasures. Owners and admins ask for them in their own names, auditors see them, and a guardian those that their
-- request began. An erasure is not taken back: workers say how far it is.
alter table erasures enable row level security;
alter table erasures force row level security;
drop policy if exists tenant on erasures;
create policy tenant on erasures for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert (organization_id, id, scope, target_id, basis, reference, requested_by, requested_at, state, exports, certified_at, certificate),
    update (state, hold_id, exports, woken_at, updated_at, certified_at, certificate) on erasures to satchel_app;
drop policy if exists people_read on erasures;
create policy people_read on erasures for select to satchel_people
    using (organization_id = (select app.people_org()) and ((select app.oversees()) or organization_id = '00000000-0000-7000-8000-000000000000'
        or exists (select from erasure_requests r where r.organization_id = erasures.organization_id and r.requester_id = (select app.actor()) and erasures.id in (r.id, r.erasure_id))));
drop policy if exists people_add on erasures;
create policy people_add on erasures for insert to satchel_people
    with check (organization_id = (select app.people_org()) and (select app.is_admin()) and requested_by = (select app.actor()) and scope in ('file', 'person') and state = 'planned');
grant select, insert (organization_id, id, scope, target_id, basis, reference, requested_by) on erasures to satchel_people;
drop policy if exists system on erasures;
create policy system on erasures for all to satchel_system using (true) with check (true);
grant select, insert (organization_id, id, scope, target_id, basis, requested_by, requested_at) on erasures to satchel_system;

-- What a certificate says is not changed afterwards, by any statement of the application.
create or replace function app.erasure_stands() returns trigger language plpgsql as $$
begin
    if old.state = 'certified' then raise exception 'the erasure is certified' using errcode = 'check_violation'; end if;
    return new;
end $$;
create or replace trigger a_stands before update on erasures for each row execute function app.erasure_stands();

-- Whether a file is here by a consent to what a child does alone: the child added it, it is that child's, and the school
-- has authorized it neither when it was added nor now. What others add about a child is a record of the school's, and
-- what another child added rests on the consent of their own parents.
create or replace function app.consent_alone(f files, child uuid) returns boolean language sql stable as $$
    select f.collected_as_child and not f.school_basis and f.child_id = child and f.uploaded_by = child
       and not exists (select from agreements a where a.organization_id = f.organization_id
                          and (a.starts_at <= f.created_at and least(a.expires_at, coalesce(a.ended_at, a.expires_at)) > f.created_at
                               or a.starts_at <= now() and a.ended_at is null and a.expires_at > now()))
$$;
grant execute on function app.consent_alone(files, uuid) to satchel_app, satchel_system;

-- Why an erasure leaves a file as it is; empty: it does not. What tells of other people too, and what a
-- person only added a version to, is erased by an erasure of the file, which somebody decides about.
-- What an officer decided to keep goes before what a parent or a student asks for, unless a parent's
-- consent is all that it was here by. After a withdrawal, or when a parent asks, nothing goes by itself but what
-- app.consent_alone says, and after a withdrawal nothing that a guardian agreed to again meanwhile.
create or replace function app.erasure_keeps(e erasures, f files) returns text language sql stable as $$
    select case
        when e.scope = 'consent' and (not app.consent_alone(f, e.target_id) or e.basis = 'consent_withdrawn' and (f.held_since is null or f.legal_basis <> '')) then 'other_basis'
        when e.scope in ('person', 'consent') and (coalesce(f.subject_id, e.target_id) <> e.target_id
            or exists (select from record_students r where r.organization_id = f.organization_id and r.file_id = f.id and r.student_id <> e.target_id)
            or exists (select from spaces s where s.organization_id = f.organization_id and s.id = f.space_id and s.about_id <> e.target_id)) then 'other_people'
        when e.scope in ('person', 'consent') and f.uploaded_by <> e.target_id and f.subject_id is null
            and not exists (select from record_students r where r.organization_id = f.organization_id and r.file_id = f.id and r.student_id = e.target_id)
            and not exists (select from spaces s where s.organization_id = f.organization_id and s.id = f.space_id and s.about_id = e.target_id) then 'sent_to_a_file_of_others'
        when e.scope <> 'consent' and e.basis in ('parent_request', 'student_request', 'consent_withdrawn') and f.legal_basis <> 'parental_consent'
            and exists (select from retention_reviews r where r.organization_id = f.organization_id and r.file_id = f.id and r.keep_until > now()) then 'kept_until'
        else '' end
$$;
grant execute on function app.erasure_keeps(erasures, files) to satchel_app;
