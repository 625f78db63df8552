-- Consents to disclosures (34 CFR 99.30). Owners and admins write them, and record what was signed on
-- paper; a guardian, or a student of 18 or more, signs and revokes. They and who oversees see them.
alter table disclosure_consents enable row level security;
alter table disclosure_consents force row level security;
drop policy if exists tenant on disclosure_consents;
create policy tenant on disclosure_consents for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert (organization_id, id, student_id, file_ids, purpose, party, party_email, requested_by, expires_at),
    update (student_id, signer_id, signer_name, method, evidence_file_id, evidence_sha256, signed_at, recorded_by, revoked_by, revoked_at) on disclosure_consents to satchel_app; -- student_id: app.person_merge

drop policy if exists people_read on disclosure_consents;
create policy people_read on disclosure_consents for select to satchel_people
    using (organization_id = (select app.people_org()) and ((select app.oversees()) or app.my_student(student_id)));
drop policy if exists people_add on disclosure_consents;
create policy people_add on disclosure_consents for insert to satchel_people
    with check (organization_id = (select app.people_org()) and (select app.is_admin()) and requested_by = (select app.actor()));
drop policy if exists people_change on disclosure_consents;
create policy people_change on disclosure_consents for update to satchel_people
    using (organization_id = (select app.people_org()) and ((select app.is_admin()) or app.my_student(student_id)))
    with check (organization_id = (select app.people_org()) and ((select app.is_admin()) or app.my_student(student_id))
       and ((select app.actor()) in (recorded_by, revoked_by)));
grant select, insert (organization_id, id, student_id, file_ids, purpose, party, party_email, requested_by, expires_at),
    update (signer_id, signer_name, method, evidence_file_id, evidence_sha256, signed_at, recorded_by, revoked_by, revoked_at) on disclosure_consents to satchel_people;
drop policy if exists system on disclosure_consents;
create policy system on disclosure_consents for select to satchel_system using (true);
grant select on disclosure_consents to satchel_system;

-- What was signed is hashed with the signature, so that it can be seen later that neither changed; it
-- is signed once, and revoked once. On paper the day is the paper's.
create or replace function app.disclosure_consent_signs() returns trigger language plpgsql as $$
begin
    if old.revoked_at is not null or old.signed_at is not null and new.signed_at is distinct from old.signed_at
       or old.signed_at is not null and (new.signer_name, new.method, new.signer_id, new.evidence_sha256) is distinct from (old.signer_name, old.method, old.signer_id, old.evidence_sha256) then
        raise exception 'the consent is signed or revoked' using errcode = 'SQ048';
    end if;
    if old.signed_at is null and new.signed_at is not null then
        if new.expires_at <= now() or new.signed_at > now() then
            raise exception 'the consent is over' using errcode = 'SQ048';
        end if;
        new.content_sha256 := encode(sha256(convert_to(jsonb_build_object('student_id', new.student_id, 'file_ids', to_jsonb(new.file_ids), 'purpose', new.purpose, 'party', new.party,
            'party_email', new.party_email, 'expires_at', new.expires_at, 'signer_id', new.signer_id, 'signer_name', new.signer_name, 'method', new.method,
            'evidence_sha256', new.evidence_sha256, 'signed_at', new.signed_at)::text, 'UTF8')), 'hex');
    end if;
    return new;
end $$;
create or replace trigger a_signs before update of signer_id, signer_name, method, evidence_file_id, evidence_sha256, signed_at, recorded_by, revoked_by, revoked_at on disclosure_consents
    for each row execute function app.disclosure_consent_signs();
