-- Reviews of break-glass: each use waits for one, and owners are told of those that wait on their
-- third and seventh day.

create or replace function app.break_glass_waits() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into break_glass_reviews (organization_id, grant_id) values (new.organization_id, new.id) on conflict do nothing;
    return null;
end $$;
create or replace trigger c_review after insert on space_grants
    for each row when (new.via = 'breakglass') execute function app.break_glass_waits();

-- Reviews that wait and of whose next day owners are to be told.
create or replace function app.break_glass_due(after uuid, n integer) returns table (organization_id uuid, request_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select r.organization_id, r.grant_id from break_glass_reviews r
     where r.decision = '' and r.grant_id > after and r.told < app.break_glass_day(r.due_at) order by r.grant_id limit n
$$;

-- Tells owners, and admins of what an owner did, of the day, once, and gives it; 0: there is nothing to tell.
create or replace function app.break_glass_tell(org uuid, id uuid) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare day integer; who uuid;
begin
    select app.break_glass_day(r.due_at), g.user_id into day, who from break_glass_reviews r join space_grants g on g.organization_id = r.organization_id and g.id = r.grant_id
     where r.organization_id = org and r.grant_id = break_glass_tell.id and r.decision = '' and r.told < app.break_glass_day(r.due_at) for update of r;
    if not found then return 0; end if;
    update break_glass_reviews r set told = day where r.organization_id = org and r.grant_id = break_glass_tell.id;
    insert into notifications (organization_id, id, user_id, kind, data)
    select org, app.new_id(), m.user_id, 'space.breakglass_review', jsonb_build_object('grant_id', break_glass_tell.id, 'by', who, 'day', day) from members m
     where m.organization_id = org and not m.service and m.user_id <> who
       and (m.role = 'owner' or m.role = 'admin' and exists (select from members o where o.organization_id = org and o.user_id = who and o.role = 'owner'));
    return day;
end $$;
