-- What each request to a model cost. Members see sums, in generation_spending; owners and
-- admins see the lines.
alter table generation_charges enable row level security;
alter table generation_charges force row level security;
drop policy if exists tenant on generation_charges;
create policy tenant on generation_charges for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, update (cost_micro, outcome, input_tokens, output_tokens, settled_at), delete on generation_charges to satchel_app;
drop policy if exists people_read on generation_charges;
create policy people_read on generation_charges for select to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select on generation_charges to satchel_people;
