-- Requests for a parent's consent. Owners and admins make and end them; the address in them is
-- sealed with a key that the database has not.
alter table consent_requests enable row level security;
alter table consent_requests force row level security;
drop policy if exists tenant on consent_requests;
create policy tenant on consent_requests for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
grant select, insert, delete, update (child_id, guardian_id, state, contact_sealed, contact_hash, language, notice_id, grant_id, scopes, reminders, mail_code, overruled,
    asked_at, answered_at, confirm_at, expires_at, ended_at, due_at, woken_at, updated_at) on consent_requests to satchel_app;
drop policy if exists people on consent_requests;
create policy people on consent_requests for all to satchel_people
    using (organization_id = (select app.people_org()) and (select app.is_admin()))
    with check (organization_id = (select app.people_org()) and (select app.is_admin()));
grant select, insert, update (child_id, guardian_id, state, contact_sealed, contact_hash, language, notice_id, grant_id, scopes, reminders, mail_code, overruled,
    asked_at, answered_at, confirm_at, expires_at, ended_at, due_at, woken_at, updated_at) on consent_requests to satchel_people;
drop policy if exists system on consent_requests;
create policy system on consent_requests for all to satchel_system using (true) with check (true);
grant select, update (state, contact_sealed, overruled, ended_at, due_at, updated_at) on consent_requests to satchel_system;
grant update (consent_days, confirm_hours) on coppa_settings to satchel_app, satchel_people;

-- The one table of the states of a request: what may follow what, by which event, and where
-- the rule has it. Programs move a request by its events, docs/compliance/consent-requests.md
-- shows it, and the trigger below refuses every other change.
create or replace function app.consent_transitions() returns table (from_state text, event text, to_state text, ends boolean, rule text)
language sql immutable parallel safe as $$
    select t.f, t.e, t.t, t.t in ('denied', 'expired', 'revoked', 'aged_out', 'void'), '16 CFR ' || t.r from (values
        ('',                  'need',         'required',           '312.5(a)(1)'),
        ('required',          'ask',          'notice_pending',     '312.5(c)(1)'),
        ('required',          'expire',       'expired',            '312.5(c)(1)'),
        ('required',          'age_out',      'aged_out',           '312.2'),
        ('required',          'cancel',       'void',               '312.5(c)(1)'),
        ('notice_pending',    'send',         'requested',          '312.4(b)'),
        ('notice_pending',    'bounce',       'undeliverable',      '312.4(b)'),
        ('notice_pending',    'agree',        'provisional',        '312.5(b)(2)(viii)'),
        ('notice_pending',    'refuse',       'denied',             '312.5(c)(1)'),
        ('notice_pending',    'expire',       'expired',            '312.5(c)(1)'),
        ('notice_pending',    'lapse',        'reconsent_required', '312.5(a)(1)'),
        ('notice_pending',    'revoke',       'revoked',            '312.6(a)(2)'),
        ('notice_pending',    'age_out',      'aged_out',           '312.2'),
        ('notice_pending',    'cancel',       'void',               '312.5(c)(1)'),
        ('requested',         'ask',          'notice_pending',     '312.4(b)'),
        ('requested',         'bounce',       'undeliverable',      '312.4(b)'),
        ('requested',         'agree',        'provisional',        '312.5(b)(2)(viii)'),
        ('requested',         'agree_strong', 'granted',            '312.5(b)(2)'),
        ('requested',         'refuse',       'denied',             '312.5(c)(1)'),
        ('requested',         'expire',       'expired',            '312.5(c)(1)'),
        ('requested',         'lapse',        'reconsent_required', '312.5(a)(1)'),
        ('requested',         'revoke',       'revoked',            '312.6(a)(2)'),
        ('requested',         'age_out',      'aged_out',           '312.2'),
        ('requested',         'cancel',       'void',               '312.5(c)(1)'),
        ('undeliverable',     'ask',          'notice_pending',     '312.4(b)'),
        ('undeliverable',     'agree',        'provisional',        '312.5(b)(2)(viii)'),
        ('undeliverable',     'refuse',       'denied',             '312.5(c)(1)'),
        ('undeliverable',     'expire',       'expired',            '312.5(c)(1)'),
        ('undeliverable',     'lapse',        'reconsent_required', '312.5(a)(1)'),
        ('undeliverable',     'revoke',       'revoked',            '312.6(a)(2)'),
        ('undeliverable',     'age_out',      'aged_out',           '312.2'),
        ('undeliverable',     'cancel',       'void',               '312.5(c)(1)'),
        ('provisional',       'confirm',      'granted',            '312.5(b)(2)(viii)'),
        ('provisional',       'bounce',       'undeliverable',      '312.5(b)(2)(viii)'),
        ('provisional',       'expire',       'expired',            '312.5(b)(2)(viii)'),
        ('provisional',       'lapse',        'reconsent_required', '312.5(a)(1)'),
        ('provisional',       'revoke',       'revoked',            '312.6(a)(2)'),
        ('provisional',       'material',     'reconsent_required', '312.5(a)(1)'),
        ('provisional',       'age_out',      'aged_out',           '312.2'),
        ('provisional',       'void',         'void',               '312.5(b)(2)'),
        ('granted',           'revoke',       'revoked',            '312.6(a)(2)'),
        ('granted',           'material',     'reconsent_required', '312.5(a)(1)'),
        ('granted',           'age_out',      'aged_out',           '312.2'),
        ('granted',           'void',         'void',               '312.5(b)(2)'),
        ('reconsent_required', 'ask',         'notice_pending',     '312.4(b)'),
        ('reconsent_required', 'revoke',      'revoked',            '312.6(a)(2)'),
        ('reconsent_required', 'age_out',     'aged_out',           '312.2'),
        ('reconsent_required', 'void',        'void',               '312.5(b)(2)')) t (f, e, t, r)
$$;
grant execute on function app.consent_transitions() to satchel_app, satchel_people, satchel_system;

create or replace function app.consent_request_moves() returns trigger language plpgsql as $$
declare before text := '';
begin
    if tg_op = 'UPDATE' then before := old.state; end if;
    if before <> new.state and not exists (select from app.consent_transitions() t where t.from_state = before and t.to_state = new.state) then
        raise exception 'a request for consent does not go from % to %', before, new.state using errcode = 'check_violation';
    end if;
    return new;
end $$;
create or replace trigger a_moves before insert or update of state on consent_requests for each row execute function app.consent_request_moves();
