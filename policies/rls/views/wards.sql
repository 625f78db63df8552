-- Who may read whose files as a guardian. A link outlives changes of roles, and has an
-- effect while the guardian is no student, and the ward is one here and not known to be
-- of age (34 CFR 99.5: the rights of parents pass to a student who is 18).
create or replace view wards with (security_invoker = true) as
select g.organization_id, g.parent_id as guardian_id, g.student_id as ward_id
  from guardianships g
  left join members m on m.organization_id = g.organization_id and m.user_id = g.student_id
  left join people p on p.organization_id = g.organization_id and p.user_id = g.student_id
 where case when m.user_id is not null then m.role = 'student' and not m.service else p.kind = 'student' and p.state <> 'left' end
   and (p.adult_from is null or p.adult_from > current_date)
   and not exists (select from members a where a.organization_id = g.organization_id and a.user_id = g.parent_id and a.role = 'student');
grant select on wards to satchel_app;
