-- What an organization spends on models. Its members see it; steps of generations write it.
alter table generation_spending enable row level security;
alter table generation_spending force row level security;
drop policy if exists tenant on generation_spending;
create policy tenant on generation_spending for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (reserved_micro, spent_micro, calls, input_tokens, output_tokens), delete on generation_spending to satchel_app;
drop policy if exists people_read on generation_spending;
create policy people_read on generation_spending for select to satchel_people
    using (organization_id = (select app.people_org()));
grant select on generation_spending to satchel_people;
