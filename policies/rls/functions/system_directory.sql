-- Directory information (34 CFR 99.37): whether a file may be disclosed as such.

-- Whether anybody who may has opted out for the student. It does not end when the student or a
-- guardian leaves.
create or replace function app.directory_opted_out(org uuid, student uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from directory_opt_outs o where o.organization_id = org and o.student_id = student and o.opted_out)
$$;

-- Whether it is known what the version of a file that is shown holds: it was inspected, or, where that cannot be
-- done, who classifies records looked at it after it was published. Until then findings
-- are missing because they were not looked for.
create or replace function app.shown_is_known(org uuid, file uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select coalesce((
        select i.state in ('none', 'found')
               or i.state = 'uninspectable' and exists (select from record_classes c where c.organization_id = org and c.file_id = shown_is_known.file and c.decided_at >= v.published_at)
          from files f join file_versions v on v.organization_id = f.organization_id and v.id = f.current_id
          join pii_inspections i on i.organization_id = f.organization_id and i.version_id = f.current_id
         where f.organization_id = org and f.id = shown_is_known.file), false)
$$;

-- Whether the version of a file that is shown was there at a time, and so is what a person decided about.
create or replace function app.shown_since(org uuid, file uuid, at timestamptz) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select coalesce((select v.published_at <= at from files f join file_versions v on v.organization_id = f.organization_id and v.id = f.current_id
                      where f.organization_id = org and f.id = shown_since.file), false)
$$;

-- The section by which a file may not be disclosed as directory information; '': it may be. The school called it
-- so, gave notice and left time to refuse, designated all categories that the file holds, and
-- none of its students, who are known, opted out. The school called the version so that is shown, which was
-- inspected. A social security number is never in it.
create or replace function app.directory_refusal(org uuid, file uuid) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare p record; said record; students integer; left_school boolean;
begin
    select c.class, c.categories, c.decided_at, f.needs into said from record_classes c join files f on f.organization_id = c.organization_id and f.id = c.file_id
     where c.organization_id = org and c.file_id = directory_refusal.file;
    if not found or said.class <> 'directory_info' or said.needs > 1 or not app.shown_since(org, directory_refusal.file, said.decided_at) then return '34 CFR 99.3'; end if;
    select d.categories, d.notice_at, d.opt_out_until into p from directory_policies d where d.organization_id = org;
    if not found or p.notice_at > current_date then return '34 CFR 99.37(a)'; end if;
    if p.opt_out_until >= current_date then return '34 CFR 99.37(a)(3)'; end if;
    if said.categories = '{}' or not said.categories <@ p.categories then return '34 CFR 99.37(a)(1)'; end if;
    if exists (select from pii_inspections i join pii_findings x on x.organization_id = i.organization_id and x.version_id = i.version_id
                where i.organization_id = org and i.file_id = directory_refusal.file and x.category = 'us_ssn') then return '34 CFR 99.37(e)'; end if;
    if not app.shown_is_known(org, directory_refusal.file) then return '34 CFR 99.37(a)(2)'; end if;
    select count(*), bool_or(not exists (select from members m where m.organization_id = org and m.user_id = s.student_id)
                         and not exists (select from people o where o.organization_id = org and o.user_id = s.student_id and o.state <> 'left')) filter (where app.directory_opted_out(org, s.student_id))
      into students, left_school from app.record_students_of(org, directory_refusal.file) s;
    return case when left_school then '34 CFR 99.37(b)' when students = 0 or left_school is not null then '34 CFR 99.37(a)(2)' else '' end;
end $$;
