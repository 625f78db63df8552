-- Pictures that an organization's pages are likely to ask for of what was published lately:
-- the most keys that it asks for, each of at least so many versions, and of which there is
-- no row yet. A failure has one, and is not tried here again.
create or replace function app.pictures_to_warm(types text[], published interval, least_asked integer, most integer, after uuid, n integer)
returns table (organization_id uuid, version_id uuid, keys text[])
language sql stable security definer set search_path = public, pg_temp as $$
    with popular as (
        select a.organization_id, a.key from (
            select t.organization_id, t.key, row_number() over (partition by t.organization_id order by count(*) desc, t.key) as place
              from transformations t
             where t.state = 'ready' and not t.warmed and t.used_at > now() - interval '30 days' and t.key like '%-p0.%'
             group by t.organization_id, t.key having count(*) >= least_asked) a
         where a.place <= most)
    select v.organization_id, v.id, array_agg(p.key order by p.key)
      from popular p
      join organizations o on o.id = p.organization_id and o.status = 'active'
      join tiers l on l.name = o.tier and l.renditions
      join file_versions v on v.organization_id = p.organization_id and v.received_at > now() - published and v.status = 'published' and v.mime_type = any (types)
      join files f on f.organization_id = v.organization_id and f.id = v.file_id and f.current_id = v.id and f.trashed_at is null
     where v.id > after
       and not exists (select from transformations x where x.organization_id = v.organization_id and x.version_id = v.id and x.key = p.key)
     group by v.organization_id, v.id order by v.id limit n
$$;
