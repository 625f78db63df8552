-- Answers of models. The platform's work alone reads them; a person may only forget those
-- of their own generation, when they end it.
alter table generation_answers enable row level security;
alter table generation_answers force row level security;
drop policy if exists tenant on generation_answers;
create policy tenant on generation_answers for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete on generation_answers to satchel_app;
drop policy if exists people on generation_answers;
create policy people on generation_answers for all to satchel_people
    using (organization_id = (select app.people_org())
       and exists (select from generations g where g.organization_id = generation_answers.organization_id and g.id = generation_answers.generation_id and g.requested_by = (select app.actor())))
    with check (organization_id = (select app.people_org()) and false);
grant select (organization_id, generation_id), delete on generation_answers to satchel_people;
