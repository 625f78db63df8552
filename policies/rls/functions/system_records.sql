-- Education records (34 CFR 99): what a file is, which students it is about, and the record of
-- each disclosure, which is written in the transaction of the disclosure.

-- What a file is under 34 CFR 99.3: as an officer said, else by its place. What is about a student
-- is a record, and what the staff keep in which the name of a person of the roster was found. Null:
-- there is no such file.
create or replace function app.record_class(org uuid, file uuid) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare f record; kind text; about uuid; said text;
begin
    select c.class into said from record_classes c where c.organization_id = org and c.file_id = record_class.file;
    if found then return said; end if;
    select t.space_id, t.needs, t.subject_id into f from files t where t.organization_id = org and t.id = record_class.file;
    if not found then return null; end if;
    if f.needs > 1 or f.subject_id is not null
       or exists (select from record_students r where r.organization_id = org and r.file_id = record_class.file) then
        return 'education_record';
    end if;
    select s.kind, s.about_id into kind, about from spaces s where s.organization_id = org and s.id = f.space_id;
    if about is not null
       or kind = 'staff' and exists (select from pii_inspections i join pii_findings p on p.organization_id = i.organization_id and p.version_id = i.version_id
                                      where i.organization_id = org and i.file_id = record_class.file and p.person_id is not null) then
        return 'education_record';
    end if;
    return 'not_record';
end $$;

-- The students whom a file is about: its subject, whom an officer named, of a confidential space
-- whom that is about, and the persons of the roster whose names were found in a version of it, but
-- for those who are known to be no students.
create or replace function app.record_students_of(org uuid, file uuid) returns table (student_id uuid)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    return query
    select f.subject_id from files f where f.organization_id = org and f.id = record_students_of.file and f.subject_id is not null
    union select r.student_id from record_students r where r.organization_id = org and r.file_id = record_students_of.file
    union select s.about_id from files f join spaces s on s.organization_id = f.organization_id and s.id = f.space_id
     where f.organization_id = org and f.id = record_students_of.file and s.about_id is not null
    union select p.person_id from pii_inspections i join pii_findings p on p.organization_id = i.organization_id and p.version_id = i.version_id
     where i.organization_id = org and i.file_id = record_students_of.file and p.person_id is not null
       and not exists (select from people o where o.organization_id = p.organization_id and o.user_id = p.person_id and o.kind <> 'student');
end $$;

-- Writes down a disclosure of a file, or the refusal of one, if the file is a record: the one
-- place where rows of disclosures come from. unit is the time within which the same is written
-- once; null: each time.
create or replace function app.disclosure_note(org uuid, way text, file uuid, outcome text, rule text, basis text, interest text, party text,
                                               share uuid, recipient uuid, actor uuid, unit text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare what text := app.record_class(org, file); made uuid := app.new_id(); slot timestamptz := date_trunc(unit, now());
begin
    if what is null or what = 'not_record' then return; end if;
    insert into disclosures (organization_id, id, file_id, way, outcome, class, rule, basis, interest, party, share_id, recipient_id, actor_id, recordable, slot)
    values (org, made, file, way, outcome, what, left(rule, 100), basis, left(interest, 500), left(party, 500), share, recipient, actor,
            basis not in ('99.30', '99.31(a)(1)', '99.31(a)(11)', '99.31(a)(12)'), slot)
        on conflict do nothing;
    if not found then return; end if;
    insert into disclosure_students (organization_id, disclosure_id, student_id)
    select org, made, s.student_id from app.record_students_of(org, file) s;
end $$;

-- Whom a share is with, for the record: people outside by name and address.
create or replace function app.disclosure_party(org uuid, share uuid, recipient uuid) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return coalesce((select trim(r.name || case when r.email is null then '' else ' <' || r.email || '>' end)
                       from share_recipients r where r.organization_id = org and r.share_id = share and r.id = recipient), '');
end $$;

-- A share with people outside was made, or others were added to it: one row for each party that
-- has none yet, with the basis and the interest of the request, or those of the share. The address of a recipient leaves the share with its end, and stays here.
create or replace function app.disclosure_opened(org uuid, share uuid, basis text, interest text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare s record; r record;
begin
    select t.kind, t.permission, t.file_id, t.created_by, t.disclosure_basis, t.disclosure_interest into s from shares t where t.organization_id = org and t.id = share;
    if not found or s.file_id is null or s.kind not in ('link', 'people') then return; end if;
    for r in select null::uuid as id where s.kind = 'link'
             union all select t.id from share_recipients t where t.organization_id = org and t.share_id = share and t.outside and t.ended_at is null loop
        if not exists (select from disclosures d where d.organization_id = org and d.share_id = share and d.outcome = 'opened' and d.recipient_id is not distinct from r.id) then
            perform app.disclosure_note(org, app.share_way(s.kind, s.permission), s.file_id, 'opened', '', coalesce(nullif(basis, ''), s.disclosure_basis),
                coalesce(nullif(interest, ''), s.disclosure_interest), app.disclosure_party(org, share, r.id), share, r.id, coalesce(app.actor(), s.created_by), null);
        end if;
    end loop;
end $$;

-- Who holds a share read a record by it, or was refused: with the basis on which the person was
-- added to it, or that of the share. What leaves and its record are one transaction, since this row of share_accesses is.
create or replace function app.disclosure_of_access() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare s record; first record; law text;
begin
    select t.kind, t.permission, t.disclosure_basis, t.disclosure_interest, t.disclosure_consent into s from shares t where t.organization_id = new.organization_id and t.id = new.share_id;
    select d.basis, d.interest, d.party into first from disclosures d
     where d.organization_id = new.organization_id and d.share_id = new.share_id and d.outcome = 'opened' and d.recipient_id is not distinct from new.recipient_id
     order by d.id limit 1;
    if new.outcome <> 'ok' then -- a law says more than what the visitor is told
        select d.rule into law from app.disclosure_on(new.organization_id, app.share_way(s.kind, s.permission), new.file_id, null, null, s.disclosure_basis, s.disclosure_consent, app.share_parties(new.organization_id, new.share_id)) d where not d.allowed and d.rule like '34 CFR %';
    end if;
    perform app.disclosure_note(new.organization_id, app.share_way(s.kind, s.permission), new.file_id, case new.outcome when 'ok' then 'disclosed' else 'refused' end, coalesce(law, new.code),
        coalesce(nullif(first.basis, ''), s.disclosure_basis), coalesce(nullif(first.interest, ''), s.disclosure_interest), coalesce(nullif(first.party, ''), app.disclosure_party(new.organization_id, new.share_id, new.recipient_id)),
        new.share_id, new.recipient_id, null, case when new.what = 'preview' or new.outcome <> 'ok' then 'day' end);
    return null;
end $$;
create or replace trigger b_disclosure after insert on share_accesses
    for each row when (new.file_id is not null and new.what in ('preview', 'download', 'zip')) execute function app.disclosure_of_access();

-- What became a record is not shared on: shares of the file that its new class does not permit end.
create or replace function app.record_class_follow() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform app.shares_recheck(new.organization_id, array(select s.id from shares s where s.organization_id = new.organization_id and s.file_id = new.file_id and s.ended_at is null), 'target_moved');
    return null;
end $$;
create or replace trigger b_follow after insert or update of class, categories on record_classes
    for each row execute function app.record_class_follow();
