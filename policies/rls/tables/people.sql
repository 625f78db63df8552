-- People of the organization.
alter table people enable row level security;
alter table people force row level security;
drop policy if exists tenant on people;
create policy tenant on people for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update, delete on people to satchel_app;
drop policy if exists system on people;
create policy system on people for select to satchel_system using (true);
grant select on people to satchel_system;

-- A name as it is looked for: see the column name_key.
create or replace function app.name_key(name text) returns text language sql immutable parallel safe as $$
    select translate(replace(lower(normalize(name, NFC) collate "und-x-icu"), 'ß', 'ss'), E'ς\u0307', 'σ')
$$;
grant execute on function app.name_key(text) to satchel_app;

-- Makes a person who never signed in and a member one: what names the person names the
-- member from here on. The rows of who is in a class are made again, since what follows
-- from them follows from rows that come and go. An undone import does not take the member
-- out whom it did not bring in; one that waits finds its changes again.
create or replace function app.person_merge(gone uuid, kept uuid) returns void language plpgsql as $$
declare source uuid;
begin
    -- Before the files: a hold of the person refuses that a file is about another one. Of two open
    -- requests of one guardian about the two the one about the person who stays goes on.
    update holds set person_id = kept where organization_id = (select app.org()) and person_id = gone;
    update dispositions set person_id = kept where organization_id = (select app.org()) and person_id = gone;
    update access_requests r set state = 'withdrawn', ended_by = r.requester_id, ended_at = now(), ended_reason = 'another request about this student is open'
     where r.organization_id = (select app.org()) and r.student_id = gone and r.ended_at is null
       and exists (select from access_requests o where o.organization_id = r.organization_id and o.student_id = kept and o.requester_id = r.requester_id and o.ended_at is null);
    update access_requests set student_id = kept where organization_id = (select app.org()) and student_id = gone;
    update erasure_requests r set state = 'withdrawn', ended_by = r.requester_id, ended_at = now(), reason = 'another request about this student is open'
     where r.organization_id = (select app.org()) and r.student_id = gone and r.ended_at is null
       and exists (select from erasure_requests o where o.organization_id = r.organization_id and o.student_id = kept and o.requester_id = r.requester_id and o.ended_at is null);
    update erasure_requests set student_id = kept where organization_id = (select app.org()) and student_id = gone;
    insert into record_students (organization_id, file_id, student_id)
    select r.organization_id, r.file_id, kept from record_students r where r.organization_id = (select app.org()) and r.student_id = gone
        on conflict do nothing;
    delete from record_students where organization_id = (select app.org()) and student_id = gone;
    update disclosure_students d set student_id = kept where d.organization_id = (select app.org()) and d.student_id = gone
       and not exists (select from disclosure_students o where o.organization_id = d.organization_id and o.disclosure_id = d.disclosure_id and o.student_id = kept);
    update disclosure_consents set student_id = kept where organization_id = (select app.org()) and student_id = gone;
    -- Of two open ones of one guardian about one record the one about the person who stays goes on.
    update amendments a set state = 'withdrawn' where a.organization_id = (select app.org()) and a.student_id = gone and a.ended_at is null
       and exists (select from amendments o where o.organization_id = a.organization_id and o.file_id = a.file_id and o.student_id = kept and o.requester_id = a.requester_id and o.ended_at is null);
    update amendments set student_id = kept where organization_id = (select app.org()) and student_id = gone;
    update record_statements set student_id = kept where organization_id = (select app.org()) and student_id = gone;
    insert into directory_opt_outs as o (organization_id, student_id, holder_id, opted_out, recorded_by, at)
    select d.organization_id, case d.student_id when gone then kept else d.student_id end, case d.holder_id when gone then kept else d.holder_id end, bool_or(d.opted_out), min(d.recorded_by::text)::uuid, max(d.at)
      from directory_opt_outs d where d.organization_id = (select app.org()) and gone in (d.student_id, d.holder_id) group by 1, 2, 3
        on conflict (organization_id, student_id, holder_id) do update set opted_out = o.opted_out or excluded.opted_out;
    delete from directory_opt_outs where organization_id = (select app.org()) and gone in (student_id, holder_id);
    update pii_findings set person_id = kept where organization_id = (select app.org()) and person_id = gone;
    update invitations set person_id = null where organization_id = (select app.org()) and person_id in (gone, kept);
    delete from people where organization_id = (select app.org()) and user_id = kept;
    update people set user_id = kept, updated_at = now() where organization_id = (select app.org()) and user_id = gone returning source_id into strict source;
    insert into class_members (organization_id, class_id, user_id, origin, role, primary_teacher, begins_at, ends_at, removed_by, source_id, sourced_id, row_hash, supported_by, created_at)
    select c.organization_id, c.class_id, kept, c.origin, c.role, c.primary_teacher, c.begins_at, c.ends_at, c.removed_by, c.source_id, c.sourced_id, c.row_hash, c.supported_by, c.created_at
      from class_members c where c.organization_id = (select app.org()) and c.user_id = gone
        on conflict do nothing;
    delete from class_members where organization_id = (select app.org()) and user_id = gone;
    insert into guardianships (organization_id, parent_id, student_id, created_by, created_at, origin)
    select g.organization_id, case g.parent_id when gone then kept else g.parent_id end, case g.student_id when gone then kept else g.student_id end, g.created_by, g.created_at, g.origin
      from guardianships g
     where g.organization_id = (select app.org()) and gone in (g.parent_id, g.student_id) and kept not in (g.parent_id, g.student_id)
        on conflict do nothing;
    delete from guardianships where organization_id = (select app.org()) and gone in (parent_id, student_id);
    update space_grants set user_id = kept where organization_id = (select app.org()) and user_id = gone;
    perform app.space_members_derive((select app.org()), null, gone);
    -- Before the files: their gate asks what was decided about the person who stays.
    insert into consent_decisions (organization_id, id, child_id, guardian_id, kind, method, scopes, evidence_file_id, evidence_sha256, recorded_by, at)
    select d.organization_id, gen_random_uuid(), case d.child_id when gone then kept else d.child_id end, case d.guardian_id when gone then kept else d.guardian_id end,
           d.kind, d.method, d.scopes, d.evidence_file_id, d.evidence_sha256, d.recorded_by, d.at
      from consent_decisions d where d.organization_id = (select app.org()) and gone in (d.child_id, d.guardian_id) order by d.seq;
    update files set subject_id = kept where organization_id = (select app.org()) and subject_id = gone;
    update files set child_id = kept where organization_id = (select app.org()) and child_id = gone;
    update consent_requests r set child_id = kept where r.organization_id = (select app.org()) and r.child_id = gone
       and not exists (select from consent_requests o where o.organization_id = r.organization_id and o.child_id = kept and o.guardian_id = r.guardian_id and o.ended_at is null);
    update consent_requests r set guardian_id = kept where r.organization_id = (select app.org()) and r.guardian_id = gone
       and not exists (select from consent_requests o where o.organization_id = r.organization_id and o.child_id = r.child_id and o.guardian_id = kept and o.ended_at is null);
    update spaces set about_id = kept where organization_id = (select app.org()) and about_id = gone;
    insert into hand_ins (organization_id, folder_id, student_id, handed_in_at, returned_at, returned_by, note)
    select h.organization_id, h.folder_id, kept, h.handed_in_at, h.returned_at, h.returned_by, h.note from hand_ins h
     where h.organization_id = (select app.org()) and h.student_id = gone
        on conflict do nothing;
    delete from hand_ins where organization_id = (select app.org()) and student_id = gone;
    update login_requests set candidates = array_replace(candidates, gone, kept) where organization_id = (select app.org()) and gone = any (candidates);
    delete from roster_changes where organization_id = (select app.org()) and kind = 'person' and action = 'new' and target_id = gone;
    update roster_changes set target_id = kept where organization_id = (select app.org()) and kind = 'person' and target_id = gone;
    update roster_sources set revision = revision + 1 where organization_id = (select app.org()) and id = source;
    perform app.derive_guardianships(kept);
end $$;
grant execute on function app.person_merge(uuid, uuid) to satchel_app;
