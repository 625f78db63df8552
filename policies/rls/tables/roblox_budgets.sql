-- When requests to Roblox may go. The rows are the platform's.
alter table roblox_budgets enable row level security;
alter table roblox_budgets force row level security;
drop policy if exists tenant on roblox_budgets;
create policy tenant on roblox_budgets for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (free_at), delete on roblox_budgets to satchel_app;
drop policy if exists people on roblox_budgets;
create policy people on roblox_budgets for all to satchel_people
    using (organization_id = (select app.people_org()) and false) with check (organization_id = (select app.people_org()) and false);
