-- Both views read with their reader's rights, so the tables' own policies decide.

-- How full an organization is, of all that a tier limits over time.
create or replace view usage_levels with (security_invoker = true) as
select organization_id, metric, used, most,
       case when used = 0 then 0 when most = 0 then 100 else least(floor(used::numeric * 100 / most), 1000000) end::integer as percent
  from (select q.organization_id, 'bytes' as metric, q.used_bytes + q.reserved_bytes as used, q.max_bytes as most
          from storage_quotas q
        union all
        select p.organization_id, 'members', p.people, t.max_members
          from (select organization_id, count(*) as people from members where not service group by organization_id) p
          join organizations o on o.id = p.organization_id join tiers t on t.name = o.tier) l;
grant select on usage_levels to satchel_app, satchel_system;

-- Where the warnings in force differ from how full an active organization is:
-- above a threshold without a warning, or with one and so far below it that the
-- warning may be raised again.
create or replace view usage_crossings with (security_invoker = true) as
select l.organization_id, l.metric, t.threshold, l.used, l.most, l.percent, w.threshold is null as rising
  from usage_levels l
  join organizations o on o.id = l.organization_id and o.status = 'active'
 cross join (select 80::smallint as threshold, 75 as falls_below union all select 95::smallint, 90) t
  left join usage_warnings w on w.organization_id = l.organization_id and w.metric = l.metric and w.threshold = t.threshold
 where case when w.threshold is null then l.percent >= t.threshold else l.percent < t.falls_below end;
grant select on usage_crossings to satchel_app, satchel_system;
