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
language sql stable security definer set search_path = public, pg_temp as $$
    select t.share_outside and coalesce(p.share_outside, true), t.share_upload and coalesce(p.share_upload, true),
           t.share_password or coalesce(p.share_password, false), least(t.share_days, p.share_days), t.share_outside, t.share_upload
      from organizations o join tiers t on t.name = o.tier left join organization_policies p on p.organization_id = o.id where o.id = org
$$;

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

-- The same for what is disclosed on a basis of the law that has conditions of its own: directory
-- information has those of 34 CFR 99.37. Each use of a share asks with the basis of the share, so
-- that an opt-out counts from its commit on.
create or replace function app.disclosure_on(org uuid, way text, file uuid, folder uuid, space uuid, basis text) returns table (allowed boolean, rule text, class text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare refused text;
begin
    select d.allowed, d.rule, d.class into allowed, rule, class from app.disclosure(org, way, file, folder, space) d;
    if allowed and class = 'education_record' and file is not null and basis = '99.31(a)(11)' then
        refused := app.directory_refusal(org, file);
        if refused <> '' then
            allowed := false;
            rule := refused;
        end if;
    end if;
    return next;
end $$;
