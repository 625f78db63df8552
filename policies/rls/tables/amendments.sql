-- Requests to amend a record. A guardian asks about a child and a student of 18 or more about
-- themselves (34 CFR 99.5), owners and admins on behalf of who wrote on paper. Who asked sees the
-- request as long as they have the right, and who oversees all.
alter table amendments enable row level security;
alter table amendments force row level security;
drop policy if exists tenant on amendments;
create policy tenant on amendments for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert,
    update (student_id, state, reason, hearing_at, hearing_place, hearing_officer, decision) on amendments to satchel_app; -- student_id: app.person_merge
drop policy if exists people_read on amendments;
create policy people_read on amendments for select to satchel_people
    using (organization_id = (select app.people_org()) and ((select app.oversees()) or requester_id = (select app.actor()) and app.my_student(student_id)));
drop policy if exists people_add on amendments;
create policy people_add on amendments for insert to satchel_people
    with check (organization_id = (select app.people_org()) and requester_id = (select app.actor())
       and ((select app.is_admin())
            or student_id = (select app.actor()) and exists (select from people p where p.organization_id = amendments.organization_id and p.user_id = amendments.student_id and p.adult_from <= current_date)
            or exists (select from app.my_wards w where w.organization_id = amendments.organization_id and w.student_id = amendments.student_id)));
-- Whether the actor, as an officer, brings a request to the state. No officer of the student's side decides about it (99.22(c)),
-- and what the requester does, an officer does only where an officer entered the request for who wrote on paper:
-- else the school would withdraw what a parent asks, and with it end the hold.
create or replace function app.amendment_officer(student uuid, requester uuid, state text) returns boolean language plpgsql stable as $$
begin
    return app.is_admin() and not app.of_student(student, app.actor())
       and (state not in ('hearing_requested', 'statement_attached', 'withdrawn')
            or not app.of_student(student, requester)
               and exists (select from members m where m.organization_id = (select app.people_org()) and m.user_id = requester and m.role in ('owner', 'admin') and not m.service));
end $$;
grant execute on function app.amendment_officer(uuid, uuid, text) to satchel_people;
drop policy if exists people_change on amendments;
create policy people_change on amendments for update to satchel_people
    using (organization_id = (select app.people_org()) and ((select app.is_admin()) or requester_id = (select app.actor()) and app.my_student(student_id)))
    with check (organization_id = (select app.people_org())
       and (app.amendment_officer(student_id, requester_id, state)
            or requester_id = (select app.actor()) and app.my_student(student_id) and state in ('hearing_requested', 'statement_attached', 'withdrawn')));
grant select, insert (organization_id, id, file_id, student_id, requester_id, what),
    update (state, reason, hearing_at, hearing_place, hearing_officer, decision) on amendments to satchel_people;
drop policy if exists system on amendments;
create policy system on amendments for all to satchel_system using (true) with check (true);
grant select, update (told) on amendments to satchel_system;

-- The one table of the states of a request: what follows what, by which step, who takes it (officer:
-- an owner or admin; requester: who asked, or an officer where one entered it for who asks on paper), within how many
-- days the next step is due (null: it is over), and where the rule has it. The days of
-- a step that is due are the school's 45 of 99.10 where the rule says "a reasonable time".
-- tenancy/amendments moves requests by it, docs/compliance/amendments.md shows it, and the trigger below refuses every other change.
create or replace function app.amendment_steps() returns table (from_state text, step text, to_state text, taker text, days integer, rule text)
language sql immutable parallel safe as $$
    select t.f, t.s, t.t, t.w, t.d, '34 CFR ' || t.r from (values
        ('',                  'request',         'requested',          'requester', 45,   '99.20(a)'),
        ('requested',         'review',          'under_review',       'officer',   45,   '99.20(b)'),
        ('requested',         'withdraw',        'withdrawn',          'requester', null, '99.20(a)'),
        ('under_review',      'amend',           'amended',            'officer',   null, '99.20(b)'),
        ('under_review',      'deny',            'denied',             'officer',   45,   '99.20(c)'),
        ('under_review',      'withdraw',        'withdrawn',          'requester', null, '99.20(a)'),
        ('denied',            'request_hearing', 'hearing_requested',  'requester', 45,   '99.21(a)'),
        ('denied',            'withdraw',        'withdrawn',          'requester', null, '99.20(c)'),
        ('denied',            'close',           'closed',             'officer',   null, '99.20(c)'),
        ('hearing_requested', 'schedule',        'scheduled',          'officer',   45,   '99.22(b)'),
        ('hearing_requested', 'withdraw',        'withdrawn',          'requester', null, '99.21(a)'),
        ('scheduled',         'schedule',        'scheduled',          'officer',   45,   '99.22(b)'),
        ('scheduled',         'hold',            'held',               'officer',   45,   '99.22(d)'),
        ('scheduled',         'withdraw',        'withdrawn',          'requester', null, '99.21(a)'),
        ('held',              'decide_amend',    'decided_amend',      'officer',   null, '99.21(b)(1)'),
        ('held',              'decide_uphold',   'decided_uphold',     'officer',   45,   '99.21(b)(2)'),
        ('held',              'withdraw',        'withdrawn',          'requester', null, '99.21(a)'),
        ('decided_uphold',    'state',           'statement_attached', 'requester', null, '99.21(c)'),
        ('decided_uphold',    'withdraw',        'withdrawn',          'requester', null, '99.21(b)(2)'),
        ('decided_uphold',    'close',           'closed',             'officer',   null, '99.21(b)(2)')) t (f, s, t, w, d, r)
$$;
grant execute on function app.amendment_steps() to satchel_app, satchel_people, satchel_system;

-- A request moves as the table says, and each move sets by when the next is due. A hearing is due on its
-- day. The school closes a refusal after the time in which a hearing, or a statement, could be asked for.
create or replace function app.amendment_moves() returns trigger language plpgsql as $$
declare next record;
begin
    select t.days, t.step into next from app.amendment_steps() t
     where t.from_state = case tg_op when 'UPDATE' then old.state else '' end and t.to_state = new.state limit 1;
    if not found then
        raise exception 'a request for amendment does not go to %', new.state using errcode = 'SQ046';
    end if;
    if new.state = 'closed' and old.due_at > now() then
        raise exception 'there is time to ask until %', old.due_at using errcode = 'SQ047';
    end if;
    if new.state = 'held' and new.hearing_at > now() then
        raise exception 'the hearing is at %', new.hearing_at using errcode = 'SQ047';
    end if;
    new.since := now();
    new.told := 0; -- of the day before
    new.due_at := case when next.days is null then null when new.state = 'scheduled' then new.hearing_at else now() + make_interval(days => next.days) end;
    if next.days is null then
        new.ended_at := now();
        new.ended_by := coalesce(app.actor(), new.requester_id);
    end if;
    return new;
end $$;
create or replace trigger a_moves before insert or update of state on amendments for each row execute function app.amendment_moves();
