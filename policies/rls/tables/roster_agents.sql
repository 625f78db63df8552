-- Who a roster names as whose guardian, of the organization.
alter table roster_agents enable row level security;
alter table roster_agents force row level security;
drop policy if exists tenant on roster_agents;
create policy tenant on roster_agents for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on roster_agents to satchel_app;

-- The links that rosters name: exactly one side is a student, the other has a role
-- of parent or guardian, and both are active. A student with six guardians or more
-- gets none: such lists are most often contacts for emergencies.
create or replace function app.roster_wards(of_user uuid) returns table (parent_id uuid, student_id uuid, created_by uuid)
language sql stable as $$
    with pairs as (
        select case when x.kind = 'student' then y.user_id else x.user_id end as parent_id,
               case when x.kind = 'student' then x.user_id else y.user_id end as student_id, a.created_by
          from roster_agents a
          join people x on x.organization_id = a.organization_id and x.source_id = a.source_id and x.sourced_id = a.carrier and x.state = 'active'
          join people y on y.organization_id = a.organization_id and y.source_id = a.source_id and y.sourced_id = a.agent and y.state = 'active'
         where a.organization_id = (select app.org()) and (x.kind = 'student') <> (y.kind = 'student')
           and case when x.kind = 'student' then y.also_guardian else x.also_guardian end),
    counted as (select p.student_id, count(distinct p.parent_id) as n from pairs p group by p.student_id)
    select p.parent_id, p.student_id, (array_agg(p.created_by))[1]
      from pairs p join counted c on c.student_id = p.student_id
     where c.n < 6 and (of_user is null or of_user in (p.parent_id, p.student_id))
     group by p.parent_id, p.student_id
$$;
grant execute on function app.roster_wards(uuid) to satchel_app, satchel_system;

-- Makes the guardianships that rosters name, of one person or of all, and ends
-- those that no roster names any more. What a person made by hand stays.
create or replace function app.derive_guardianships(of_user uuid) returns void language plpgsql as $$
begin
    insert into guardianships (organization_id, parent_id, student_id, created_by, origin)
    select (select app.org()), w.parent_id, w.student_id, coalesce(w.created_by, w.parent_id), 'roster' from app.roster_wards(of_user) w
     where exists (select from members m where m.organization_id = (select app.org()) and m.user_id = w.parent_id)
       and exists (select from members m where m.organization_id = (select app.org()) and m.user_id = w.student_id)
    on conflict do nothing;
    delete from guardianships g where g.organization_id = (select app.org()) and g.origin = 'roster'
       and (of_user is null or of_user in (g.parent_id, g.student_id))
       and (g.parent_id, g.student_id) not in (select w.parent_id, w.student_id from app.roster_wards(of_user) w);
end $$;
grant execute on function app.derive_guardianships(uuid) to satchel_app, satchel_system;
