-- Consent before collection (16 CFR 312.5): who is a child, on what basis a file of a child
-- is here, and what the basis permits. The gate is a trigger, so that no way of uploading
-- leaves it out.

-- Whether somebody is a child at a time: a student who is not known to be 13. The roster's
-- month goes before the grade, and the grade before the youngest grade that the
-- organization declares. A student of grade 9 or above is 13: one who skipped a grade is
-- counted too. Members of other roles are no children.
create or replace function app.is_child_at(org uuid, person uuid, at timestamptz) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare p record; role text; youngest integer;
begin
    select x.kind, x.thirteen_from, x.grade into p from people x where x.organization_id = org and x.user_id = person;
    if not found then
        select m.role into role from members m where m.organization_id = org and m.user_id = person;
        if role is distinct from 'student' then return false; end if;
    elsif p.kind <> 'student' then
        return false;
    end if;
    if p.thirteen_from is not null then return at < p.thirteen_from; end if;
    youngest := app.grade_number(coalesce(p.grade, ''));
    if youngest is null then
        select c.youngest_grade into youngest from coppa_settings c where c.organization_id = org;
    end if;
    return coalesce(youngest < 9, true);
end $$;

-- Who holds the rights of a student (34 CFR 99.5): the student from 18 on, else the parents.
create or replace function app.rights_holder_at(org uuid, person uuid, at timestamptz) returns text
language sql stable security definer set search_path = public, pg_temp as $$
    select case when exists (select from people p where p.organization_id = org and p.user_id = person and p.adult_from <= at) then 'student' else 'parent' end
$$;

-- What each guardian of a child answers now. A refusal stands until a later grant of the same
-- guardian: a question that is asked again and not answered, or whose answer is not confirmed,
-- does not undo it, nor does a grant that was void at once. Guardians without a user share one
-- row, which cannot tell one from another: a refusal in it stands until a row voids it.
create or replace function app.guardian_answers(org uuid, child uuid) returns table (guardian_id uuid, id uuid, kind text, method text, scopes text[])
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    return query
    with d as (select c.guardian_id, c.id, c.kind, c.method, c.scopes, c.seq,
                      case when c.guardian_id is null then c.kind = 'void'
                           else c.kind = 'grant' and lead(c.kind) over (partition by c.guardian_id order by c.seq) is distinct from 'void' end as lifts
                 from consent_decisions c where c.organization_id = org and c.child_id = child),
         x as (select d.guardian_id, d.id, d.kind, d.method, d.scopes, d.seq, d.kind in ('deny', 'revoke')
                      and d.seq > coalesce(max(d.seq) filter (where d.lifts) over (partition by d.guardian_id), 0) as stands from d)
    select distinct on (x.guardian_id) x.guardian_id, x.id, x.kind, x.method, x.scopes from x order by x.guardian_id, x.stands desc, x.seq desc;
end $$;

-- The basis on which something of a child may be kept now; none, with the rule that says
-- so. A refusal of one guardian goes before the consent of another and before the
-- school's authorization.
create or replace function app.consent_basis(org uuid, child uuid) returns table (basis text, ref uuid, rule text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare d record; granted uuid; agreement uuid;
begin
    for d in select a.id, a.kind from app.guardian_answers(org, child) a loop
        if d.kind in ('deny', 'revoke') then
            return query select ''::text, null::uuid, '16 CFR 312.6(a)(2)';
            return;
        elsif d.kind = 'grant' then
            granted := d.id;
        end if;
    end loop;
    if granted is not null then
        return query select 'parental_consent', granted, ''::text;
        return;
    end if;
    select a.id into agreement from agreements a
     where a.organization_id = org and a.ended_at is null and a.expires_at > now() and a.starts_at <= now()
     order by a.expires_at desc limit 1;
    if agreement is not null then
        return query select 'school_authorization', agreement, ''::text;
        return;
    end if;
    return query select ''::text, null::uuid, '16 CFR 312.5(a)(1)';
end $$;

-- Until when a file without a basis is held; null when it is refused.
create or replace function app.held_until(org uuid, rule text) returns timestamptz
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return (select now() + make_interval(days => c.hold_days) from coppa_settings c
             where c.organization_id = org and c.gate = 'discovered' and rule = '16 CFR 312.5(a)(1)');
end $$;

-- The gate. A child's file is one that a child adds, that is about a child, or that goes
-- into the records of one. Each of them needs a basis; the first is the file's.
create or replace function app.file_consent() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare who uuid; b record; about uuid;
begin
    new.collected_as_child := false; new.child_id := null; new.legal_basis := ''; new.basis_grant := null; new.basis_agreement := null;
    new.held_since := null; new.held_until := null; new.school_basis := false;
    select s.about_id into about from spaces s where s.organization_id = new.organization_id and s.id = new.space_id;
    foreach who in array array[new.uploaded_by, nullif(new.subject_id, new.uploaded_by), about] loop
        continue when who is null or not app.is_child_at(new.organization_id, who, now());
        perform app.consent_share(new.organization_id, who);
        select t.basis, t.ref, t.rule into b from app.consent_basis(new.organization_id, who) t;
        if b.basis = '' then
            new.held_until := app.held_until(new.organization_id, b.rule);
            if new.held_until is null then
                raise exception 'no basis for a file of a child' using errcode = 'SQ012', detail = b.rule;
            end if;
            new.held_since := now();
        end if;
        if new.child_id is null or b.basis = '' then
            new.collected_as_child := true; new.child_id := who; new.legal_basis := b.basis;
            new.basis_grant := case when b.basis = 'parental_consent' then b.ref end;
            new.basis_agreement := case when b.basis = 'school_authorization' then b.ref end;
        end if;
        exit when b.basis = '';
    end loop;
    return new;
end $$;
create or replace trigger b_consent before insert on files for each row execute function app.file_consent();

-- Whether the gate would let a new file of the actor in, held or not. It is asked before bytes are stored whose rows
-- are written after them; the trigger decides. Who hands in is the actor, who is looked at anyway.
create or replace function app.may_collect(space uuid, folder uuid, subject uuid) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare org uuid := app.people_org(); place record; who uuid; b record;
begin
    if folder is not null then
        space := coalesce((select d.space_id from folders d where d.organization_id = org and d.id = folder), space);
    end if;
    select s.kind, s.owner_id, s.about_id into place from spaces s
     where s.organization_id = org and (s.id = space or space is null and s.owner_id = app.actor() and s.kind = 'personal');
    if place.kind = 'personal' and exists (select from members m where m.organization_id = org and m.user_id = place.owner_id and m.role = 'student') then
        subject := coalesce(subject, place.owner_id);
    end if;
    foreach who in array array[app.actor(), nullif(subject, app.actor()), place.about_id] loop
        continue when who is null or not app.is_child_at(org, who, now());
        select t.basis, t.rule into b from app.consent_basis(org, who) t;
        if b.basis = '' and app.held_until(org, b.rule) is null then
            return false;
        end if;
    end loop;
    return true;
end $$;

-- A file that is moved into the records of a child, or becomes about one, needs a basis as
-- one that is added there. What is held stays held.
create or replace function app.moved_consent() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare who uuid; b record; about uuid;
begin
    if new.held_since is not null then return new; end if;
    select s.about_id into about from spaces s where s.organization_id = new.organization_id and s.id = new.space_id;
    foreach who in array array[new.subject_id, about] loop
        continue when who is null or not app.is_child_at(new.organization_id, who, now());
        if who is distinct from old.child_id then perform app.consent_share(new.organization_id, who); end if;
        select t.basis, t.ref, t.rule into b from app.consent_basis(new.organization_id, who) t;
        if b.basis = '' then
            new.held_until := app.held_until(new.organization_id, b.rule);
            if new.held_until is null then
                raise exception 'no basis for a file of a child' using errcode = 'SQ012', detail = b.rule;
            end if;
            new.held_since := now();
        end if;
        if new.child_id is null or b.basis = '' then
            new.collected_as_child := true; new.child_id := who; new.legal_basis := b.basis;
            new.basis_grant := case when b.basis = 'parental_consent' then b.ref end;
            new.basis_agreement := case when b.basis = 'school_authorization' then b.ref end;
        end if;
        exit when b.basis = '';
    end loop;
    return new;
end $$;
create or replace trigger z_consent before update of space_id, folder_id, subject_id on files for each row
    when (new.space_id is distinct from old.space_id or new.subject_id is distinct from old.subject_id) execute function app.moved_consent();

-- A new version is collected too: from who adds it, and about whom the file is.
create or replace function app.version_consent() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare who uuid; b record; f record; until timestamptz;
begin
    select x.subject_id, x.child_id, x.held_since, s.about_id into f from files x join spaces s on s.organization_id = x.organization_id and s.id = x.space_id
     where x.organization_id = new.organization_id and x.id = new.file_id;
    foreach who in array array[new.uploaded_by, nullif(f.subject_id, new.uploaded_by), f.about_id] loop
        continue when who is null or not app.is_child_at(new.organization_id, who, now());
        if who is distinct from f.child_id then perform app.consent_share(new.organization_id, who); end if;
        select t.basis, t.ref, t.rule into b from app.consent_basis(new.organization_id, who) t;
        if b.basis = '' then
            until := app.held_until(new.organization_id, b.rule);
            if until is null then
                raise exception 'no basis for a file of a child' using errcode = 'SQ012', detail = b.rule;
            end if;
        end if;
        if b.basis = '' and f.held_since is null then
            update files x set collected_as_child = true, child_id = who, legal_basis = '', basis_grant = null, basis_agreement = null, held_since = now(), held_until = until
             where x.organization_id = new.organization_id and x.id = new.file_id;
            exit;
        elsif f.child_id is null then
            update files x set collected_as_child = true, child_id = who, legal_basis = b.basis,
                   basis_grant = case when b.basis = 'parental_consent' then b.ref end, basis_agreement = case when b.basis = 'school_authorization' then b.ref end
             where x.organization_id = new.organization_id and x.id = new.file_id;
            f.child_id := who;
        end if;
    end loop;
    for who in select c.child_id from app.file_children(new.organization_id, new.file_id) c where c.child_id is distinct from f.child_id order by 1 loop
        perform app.consent_share(new.organization_id, who);
        select t.basis, t.ref, t.rule into b from app.consent_basis(new.organization_id, who) t;
        if b.basis = '' and app.held_until(new.organization_id, b.rule) is null then
            raise exception 'no basis for a file of a child' using errcode = 'SQ012', detail = b.rule;
        end if;
    end loop;
    return new;
end $$;
create or replace trigger a_consent before insert on file_versions for each row when (new.number > 1) execute function app.version_consent();
grant update (collected_as_child, child_id, legal_basis, basis_grant, basis_agreement, school_basis, held_since, held_until) on files to satchel_system;

-- What the school has once authorized stays marked: it is a record of the school's, which no
-- answer of a parent deletes.
create or replace function app.school_basis() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    new.school_basis := true;
    return new;
end $$;
create or replace trigger zz_school_basis before insert or update on files for each row
    when (new.legal_basis = 'school_authorization' and not new.school_basis) execute function app.school_basis();

-- The children whom a file concerns: whose it is, who added it, and the students whom it is
-- about. Of what an officer decided to be no record, those who were named for it do not count.
create or replace function app.file_children(org uuid, file uuid) returns table (child_id uuid)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return query select f.child_id from files f where f.organization_id = org and f.id = file_children.file and f.child_id is not null
        union select w.person from (select unnest(array[f.uploaded_by, f.subject_id]) from files f where f.organization_id = org and f.id = file_children.file
                                    union select r.student_id from app.record_students_of(org, file_children.file) r
                                     where not exists (select from record_students n join record_classes c on c.organization_id = n.organization_id and c.file_id = n.file_id
                                                        where n.organization_id = org and n.file_id = file_children.file and n.student_id = r.student_id and c.class = 'not_record')) w (person)
               where w.person is not null and app.is_child_at(org, w.person, now());
end $$;

-- Whether a consent was to an earlier version of the notice: what is here by it stays under that
-- version, until its guardian answers.
create or replace function app.consent_earlier(org uuid, given uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select coalesce((select n.kind = 'reconsent' from consent_decisions g
                       join consent_decisions n on n.organization_id = g.organization_id and n.child_id = g.child_id
                            and n.guardian_id is not distinct from g.guardian_id and n.seq > g.seq
                      where g.organization_id = org and g.id = given order by n.seq limit 1), false)
$$;

-- Brings files to what was decided about the children whom they concern: without a basis for
-- each they are held from here on, with one they are released. How many of each. What is here of
-- a student who is no child any more is not held for want of an agreement. What the school
-- authorized and a guardian refuses is held without an end: a person decides, and the rules of
-- retention go on; so is a file of the staff, for whose students something lacks. A lack of any
-- basis for what a child added has an end (16 CFR 312.10).
create or replace function app.consent_bring_files(org uuid, those uuid[]) returns table (held bigint, released bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
declare days integer;
begin
    select c.hold_days into days from coppa_settings c where c.organization_id = org;
    return query
    with concerned as (select t.id as file, k.child_id as who from unnest(those) t (id) cross join lateral app.file_children(org, t.id) k),
         known as (select p.who, app.is_child_at(org, p.who, now()) as young, b.basis, b.ref, b.rule = '16 CFR 312.6(a)(2)' as refused
                     from (select distinct c.who from concerned c) p cross join lateral app.consent_basis(org, p.who) b),
         strictest as (select c.file, bool_or(k.refused) as refused, bool_or(k.basis = '' and (k.refused or k.young and not app.consent_earlier(org, f.basis_grant))) as lacks
                         from concerned c join known k on k.who = c.who join files f on f.organization_id = org and f.id = c.file group by c.file),
         target as (select f.id as file, coalesce(s.refused, false) as refused, coalesce(s.lacks, false) as lacks, o.basis, o.ref, f.held_since is not null as was_held
                      from files f left join strictest s on s.file = f.id left join known o on o.who = f.child_id
                     where f.organization_id = org and f.id = any (those)),
         brought as (update files f
                        set legal_basis = case when x.lacks or f.child_id is null then '' else x.basis end,
                            basis_grant = case when not x.lacks and x.basis = 'parental_consent' then x.ref end,
                            basis_agreement = case when not x.lacks and x.basis = 'school_authorization' then x.ref end,
                            school_basis = f.school_basis or x.lacks and f.child_id is null,
                            held_since = case when x.lacks then coalesce(f.held_since, now()) end,
                            held_until = case when not x.lacks or f.child_id is null or f.school_basis and (x.refused or x.was_held and f.held_until is null) then null
                                              else coalesce(f.held_until, now() + make_interval(days => coalesce(days, 14))) end
                       from target x
                      where f.organization_id = org and f.id = x.file and f.legal_basis <> 'not_pi'
                        and case when x.lacks then not x.was_held or f.school_basis and x.refused and f.held_until is not null
                                 when f.child_id is null then x.was_held
                                 else x.basis <> '' and (x.was_held or coalesce(f.basis_grant, f.basis_agreement) is distinct from x.ref) end
                    returning x.lacks, x.was_held)
    select count(*) filter (where b.lacks and not b.was_held), count(*) filter (where not b.lacks) from brought b;
end $$;

-- The same for the files that concern a child.
create or replace function app.consent_bring(org uuid, child uuid) returns table (held bigint, released bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock(app.consent_files_key(org));
    return query select t.held, t.released from app.consent_bring_files(org, array(
        select f.id from files f where f.organization_id = org and f.child_id = child
        union select f.id from files f where f.organization_id = org and f.uploaded_by = child and f.child_id is not null
        union select f.id from files f where f.organization_id = org and f.subject_id = child and f.child_id is not null
        union select r.file_id from record_students r where r.organization_id = org and r.student_id = child
        union select f.id from spaces s join files f on f.organization_id = s.organization_id and f.space_id = s.id and f.child_id is not null
               where s.organization_id = org and s.about_id = child)) t;
end $$;

-- An officer decided what a file is and named its students: those who are children are asked
-- about from here on, and those who are not named any more are not.
create or replace function app.consent_named(org uuid, file uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform app.consent_share(org, c.child_id) from app.file_children(org, consent_named.file) c;
    perform pg_advisory_xact_lock(app.consent_files_key(org));
    perform from app.consent_bring_files(org, array[consent_named.file]);
end $$;

-- The same behind the lock of the child.
create or replace function app.consent_apply(org uuid, child uuid) returns table (held bigint, released bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock(app.consent_key(org, child));
    return query select t.held, t.released from app.consent_bring(org, child) t;
end $$;

-- The same for every child with files, after an agreement was recorded or has ended. The
-- rows are those of the transaction's organization.
create or replace function app.consent_apply_all(org uuid) returns table (held bigint, released bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
declare c record; r record;
begin
    perform pg_advisory_xact_lock(app.agreements_key(org));
    held := 0; released := 0;
    for c in select f.child_id from files f where f.organization_id = org and f.child_id is not null
             union select n.student_id from record_students n where n.organization_id = org loop
        select t.held, t.released into r from app.consent_bring(org, c.child_id) t;
        held := held + r.held; released := released + r.released;
    end loop;
    return next;
end $$;

-- Takes the mark of a child from files whose student was no child when they were added, by
-- what is known now, unless another student of theirs was one. How many lost it.
create or replace function app.consent_ages(org uuid) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare n bigint;
begin
    perform pg_advisory_xact_lock(app.agreements_key(org));
    perform pg_advisory_xact_lock(app.consent_files_key(org));
    update files f set collected_as_child = false, child_id = null, legal_basis = '', basis_grant = null, basis_agreement = null,
           held_since = null, held_until = null, school_basis = false
     where f.organization_id = org and f.collected_as_child and not app.is_child_at(org, f.child_id, f.created_at)
       and not exists (select from (select f.uploaded_by union all select r.student_id from app.record_students_of(org, f.id) r) w (person)
                        where app.is_child_at(org, w.person, f.created_at));
    get diagnostics n = row_count;
    return n;
end $$;

-- Whether the bases of a file permit an action: each child whom it concerns is asked about, and
-- the strictest decides. A file that is no child's is not asked about. Scopes count when every
-- guardian whose consent stands gave them.
create or replace function app.consent_permits(org uuid, file uuid, action text) returns table (allowed boolean, rule text)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare f record; who uuid; used text; granted uuid; want text; m record; law text := '';
begin
    select x.child_id, x.legal_basis, x.basis_grant, x.held_since into f from files x where x.organization_id = org and x.id = consent_permits.file;
    if f.held_since is not null and action <> 'export' then
        return query select false, '16 CFR 312.5(a)(1)'; return;
    elsif f.held_since is not null then
        return query select true, ''; return;
    end if;
    for who in select c.child_id from app.file_children(org, consent_permits.file) c order by c.child_id = f.child_id desc, c.child_id loop
        used := f.legal_basis; granted := f.basis_grant;
        if who is distinct from f.child_id and used <> 'not_pi' then
            select b.basis, case when b.basis = 'parental_consent' then b.ref end, b.rule into used, granted, want from app.consent_basis(org, who) b;
            if used = '' then
                return query select false, want; return;
            end if;
        end if;
        if used = 'parental_consent' then
            select d.method into used from consent_decisions d where d.organization_id = org and d.id = granted;
        end if;
        select x.permits, x.rule into m from app.consent_matrix() x where x.method = used and x.action = consent_permits.action;
        if not found then
            return query select false, '16 CFR 312.5(a)(1)'; return;
        end if;
        law := m.rule;
        if m.permits = 'scope' and exists (select from app.guardian_answers(org, who) x
                where x.kind not in ('expire', 'void') and not (x.kind = 'grant' and 'disclose:' || consent_permits.action = any (x.scopes)))
           or m.permits = 'directed' and not exists (select from disclosure_rules r where r.organization_id = org and r.way = consent_permits.action and r.allowed
                                                        and r.class = app.disclosure_class(org, consent_permits.file, null, null))
           or m.permits not in ('yes', 'scope', 'directed') then
            return query select false, law; return;
        end if;
    end loop;
    return query select true, law;
end $$;

-- Whether somebody who gives a kind of service has given their written assurances: the
-- file that holds them is here and not in the trash. Receivers of webhooks need none where
-- the organization says that they are its own.
create or replace function app.assured(org uuid, what text) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return exists (select from subprocessors s join files f on f.organization_id = s.organization_id and f.id = s.assurance_file_id and f.trashed_at is null
                    where s.organization_id = org and s.kind = what and s.until is null)
        or what = 'webhook' and exists (select from coppa_settings c where c.organization_id = org and c.own_webhooks);
end $$;

-- Who else gets data of an organization, for anybody who asks.
create or replace function app.subprocessors_public(org uuid)
returns table (kind text, name text, purpose text, categories text, location text, since timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select s.kind, s.name, s.purpose, s.categories, s.location, s.since from subprocessors s
      join organizations o on o.id = s.organization_id and o.status = 'active'
     where s.organization_id = org and s.until is null order by s.name, s.id limit 500
$$;

-- Files whose hold is over, in the order of their ids. What must be kept for another reason
-- is left out: it would fail.
create or replace function app.files_held_too_long(after uuid, n integer) returns table (organization_id uuid, file_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select f.organization_id, f.id from files f where f.held_since is not null and f.held_until < now() and f.id > after
       and not app.on_hold(f) order by f.id limit n
$$;

-- Students who are no children any more and were not noted as such.
create or replace function app.people_aged_out(after uuid, n integer) returns table (organization_id uuid, user_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select p.organization_id, p.user_id from people p
     where p.kind = 'student' and p.aged_out_at is null and p.user_id > after and p.thirteen_from <= now() order by p.user_id limit n
$$;

-- Agreements that are over and not noted as ended, and those that end within 30 days of which
-- no one was told.
create or replace function app.agreements_expired(after uuid, n integer) returns table (organization_id uuid, agreement_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select a.organization_id, a.id from agreements a where a.ended_at is null and a.expires_at < now() + interval '30 days' and (a.expires_at < now() or a.warned_at is null) and a.id > after
     order by a.id limit n
$$;
