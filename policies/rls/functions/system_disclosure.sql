-- What may leave an organization, by which way: to whom a link was given, a person
-- outside, a drop box, a webhook, an export, a connector, a model. Every way out asks
-- app.disclosure when it is opened and each time it is used.

-- What something is, the strictest first. Without a target it is the organization's own
-- numbers and settings. What is not there is confidential: a question about it opens
-- nothing.
create or replace function app.disclosure_class(org uuid, file uuid, folder uuid, space uuid) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare place uuid := space; f record; d record; kind text; record text;
begin
    if num_nonnulls(file, folder, space) = 0 then return 'general'; end if;
    if file is not null then
        select t.space_id, t.needs, t.subject_id, t.current_id into f from files t where t.organization_id = org and t.id = file;
        place := f.space_id;
    elsif folder is not null then
        select t.space_id, t.mode into d from folders t where t.organization_id = org and t.id = folder;
        place := d.space_id;
    end if;
    select s.kind into kind from spaces s where s.organization_id = org and s.id = place;
    if kind is null or kind = 'confidential' then return 'confidential'; end if;
    if file is not null then
        -- A note of one person alone and a record of treatment are what they are while they are shown
        -- to no other person (34 CFR 99.3). Directory information leaves as a record does.
        record := app.record_class(org, file);
        if record in ('sole_possession_note', 'treatment') then return 'confidential'; end if;
        if f.needs > 1 or record in ('education_record', 'directory_info') then return 'education_record'; end if;
        if record = 'law_enforcement_unit' then return 'personal'; end if;
        if exists (select from file_versions v where v.organization_id = org and v.file_id = file and v.contains_pii) then return 'personal'; end if;
    elsif folder is not null then
        if d.mode = 'handin' then return 'education_record'; end if;
    end if;
    return 'general';
end $$;

-- The bounds of shares with people outside: of the tier and the organization the
-- stricter one. No organization has none of it.
create or replace function app.share_policy(org uuid)
returns table (outside boolean, upload boolean, password boolean, days integer, tier_outside boolean, tier_upload boolean)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    return query
    select t.share_outside and coalesce(p.share_outside, true), t.share_upload and coalesce(p.share_upload, true),
           t.share_password or coalesce(p.share_password, false), least(t.share_days, p.share_days), t.share_outside, t.share_upload
      from organizations o join tiers t on t.name = o.tier left join organization_policies p on p.organization_id = o.id where o.id = org;
end $$;

-- Whether the target may leave by the way, by which rule, and as what. An unknown way
-- is refused.
create or replace function app.disclosure(org uuid, way text, file uuid, folder uuid, space uuid) returns table (allowed boolean, rule text, class text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare bounds record; permitted boolean := true; law text := '';
begin
    class := app.disclosure_class(org, file, folder, space);
    -- What the basis of a child's file does not permit, no rule of the organization allows.
    if file is not null then
        select p.allowed, p.rule into permitted, law from app.consent_permits(org, file, way) p;
    end if;
    -- An organization that restricts sharing lets out no file with personal data, and none
    -- of which that is not known. Its own export and the ids of webhooks are not the file.
    if file is not null and way in ('link', 'outside_person', 'connector', 'model')
       and exists (select from organization_policies p where p.organization_id = org and p.pii_policy = 'restrict_sharing') then
        if class = 'personal' then
            return query select false, 'personal_stays_inside', class;
            return;
        elsif not exists (select from files f join pii_inspections i on i.organization_id = f.organization_id and i.version_id = f.current_id
                           where f.organization_id = org and f.id = disclosure.file and i.state = 'none') then
            return query select false, 'personal_not_known', class;
            return;
        end if;
    end if;
    if way in ('link', 'outside_person', 'drop_box') then
        select p.outside, p.upload into bounds from app.share_policy(org) p;
        if not coalesce(bounds.outside, false) then
            return query select false, 'outside_shares_off', class;
            return;
        elsif way = 'drop_box' and not bounds.upload then
            return query select false, 'outside_upload_off', class;
            return;
        end if;
    end if;
    return query select coalesce(own.allowed, usual.allowed, false) and permitted,
           case when coalesce(own.allowed, usual.allowed, false) and not permitted then law else coalesce(own.rule, usual.rule, 'unknown_way') end, disclosure.class
      from (values (1)) one
      left join disclosure_rules own on own.organization_id = org and own.way = disclosure.way and own.class = disclosure.class
      left join app.disclosure_default(disclosure.way, disclosure.class) usual on true;
end $$;

-- The section by which a file may not be disclosed on a consent; '': it may be. The consent is
-- signed and in force, names the file, of which the version that was there when it was asked for is shown
-- and was inspected, and the parties are those of the consent and no other. What
-- tells of other students needs theirs too, which a share does not have.
create or replace function app.consent_refusal(org uuid, way text, consent uuid, file uuid, parties text[]) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare c record;
begin
    select d.student_id, d.file_ids, d.party_email, d.requested_at into c from disclosure_consents d
     where d.organization_id = org and d.id = consent and d.signed_at is not null and d.revoked_at is null and d.expires_at > now();
    if not found then return '34 CFR 99.30(a)'; end if;
    if file <> all (c.file_ids) or not app.shown_since(org, file, c.requested_at) then return '34 CFR 99.30(b)(1)'; end if;
    if way <> 'outside_person' or cardinality(parties) = 0 or exists (select from unnest(parties) p (email) where lower(p.email) <> lower(c.party_email)) then return '34 CFR 99.30(b)(3)'; end if;
    if not app.shown_is_known(org, file)
       or exists (select from app.record_students_of(org, file) s where s.student_id <> c.student_id)
       or not exists (select from app.record_students_of(org, file) s where s.student_id = c.student_id) then return '34 CFR 99.12(a)'; end if;
    return '';
end $$;

-- The same for what is disclosed on a basis of the law that has conditions of its own: directory
-- information has those of 34 CFR 99.37, a consent those of 99.30. Each use of a share asks with the basis of
-- the share, so that an opt-out and a revocation count from their commit on. parties are the addresses of those
-- who get it.
drop function if exists app.disclosure_on(uuid, text, uuid, uuid, uuid, text);
create or replace function app.disclosure_on(org uuid, way text, file uuid, folder uuid, space uuid, basis text, consent uuid, parties text[]) returns table (allowed boolean, rule text, class text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare refused text := '';
begin
    select d.allowed, d.rule, d.class into allowed, rule, class from app.disclosure(org, way, file, folder, space) d;
    if allowed and file is not null then
        if basis = '99.31(a)(11)' and class = 'education_record' then
            refused := app.directory_refusal(org, file);
        elsif basis = '99.30' then
            refused := app.consent_refusal(org, way, consent, file, parties);
        end if;
        if refused <> '' then
            allowed := false;
            rule := refused;
        end if;
    end if;
    return next;
end $$;

-- The addresses of those outside who have a share now.
create or replace function app.share_parties(org uuid, share uuid) returns text[]
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return array(select coalesce(r.email, '') from share_recipients r where r.organization_id = org and r.share_id = share and r.outside and r.ended_at is null);
end $$;
