-- What is asked about requests for consent across organizations, and what follows from rows
-- that others write.

-- Which request a link belongs to. It is asked for links that are used up too: who holds one
-- is told so.
create or replace function app.consent_by_token(hash bytea) returns table (organization_id uuid, request_id uuid, token_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select t.organization_id, t.request_id, t.id from consent_tokens t join organizations o on o.id = t.organization_id
     where t.token_hash = hash and o.deletion_begun_at is null
$$;

-- Which request a mail belonged to, of which a mail server reports.
create or replace function app.consent_by_mail(named uuid) returns table (organization_id uuid, request_id uuid, token_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select t.organization_id, t.request_id, t.id from consent_tokens t join organizations o on o.id = t.organization_id
     where t.id = named and o.deletion_begun_at is null
$$;

-- Requests of which something is due, and whose workflow was not started for a while.
create or replace function app.consent_requests_due(moment timestamptz, quiet_for interval, silent interval, after uuid, n integer)
returns table (organization_id uuid, request_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select r.organization_id, r.id from consent_requests r join organizations o on o.id = r.organization_id and o.status = 'active'
     where r.due_at < moment - quiet_for and (r.woken_at is null or r.woken_at < moment - silent) and r.id > after
     order by r.id limit n
$$;

-- A guardian who agreed is told when another one of the child does not: the stricter answer
-- counts. It does not matter by which way the other answered. What staff record of a guardian
-- ends the request to that guardian: a second mail must not make a consent of what was refused
-- on paper since.
create or replace function app.consent_overrules() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.recorded_by is not null then
        update consent_tokens t set used_at = now() from consent_requests r
         where r.organization_id = new.organization_id and r.child_id = new.child_id and r.guardian_id = new.guardian_id and r.ended_at is null
           and (new.kind in ('deny', 'revoke') or new.kind = 'grant' and r.state in ('required', 'notice_pending', 'requested', 'undeliverable'))
           and t.organization_id = r.organization_id and t.request_id = r.id and t.used_at is null;
        update consent_requests r set state = t.to_state, contact_sealed = null, ended_at = now(), due_at = null, updated_at = now()
          from app.consent_transitions() t
         where r.organization_id = new.organization_id and r.child_id = new.child_id and r.guardian_id = new.guardian_id and r.ended_at is null and t.from_state = r.state
           and t.event = case when new.kind in ('deny', 'revoke') and r.state <> 'required' then 'revoke' when new.kind in ('deny', 'revoke', 'grant') then 'cancel' end;
    end if;
    if new.kind in ('deny', 'revoke') then
        update consent_requests r set overruled = true, due_at = now(), updated_at = now()
         where r.organization_id = new.organization_id and r.child_id = new.child_id and r.guardian_id is distinct from new.guardian_id
           and r.state in ('provisional', 'granted') and r.contact_sealed is not null;
    elsif new.kind = 'grant' and exists (select from app.guardian_answers(new.organization_id, new.child_id) x
             where x.kind in ('deny', 'revoke') and x.guardian_id is distinct from new.guardian_id) then
        update consent_requests r set overruled = true, due_at = now(), updated_at = now()
         where r.organization_id = new.organization_id and r.child_id = new.child_id and r.guardian_id = new.guardian_id
           and r.state in ('provisional', 'granted') and r.contact_sealed is not null;
    end if;
    return null;
end $$;
create or replace trigger a_overrules after insert on consent_decisions for each row execute function app.consent_overrules();

-- A student who is no child any more needs no consent: their requests end, and the addresses
-- go.
create or replace function app.consent_age_out() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update consent_tokens t set used_at = now() from consent_requests r
     where r.organization_id = new.organization_id and r.child_id = new.user_id and r.ended_at is null
       and t.organization_id = r.organization_id and t.request_id = r.id and t.used_at is null;
    update consent_requests r set state = 'aged_out', contact_sealed = null, ended_at = now(), due_at = null, updated_at = now()
     where r.organization_id = new.organization_id and r.child_id = new.user_id and r.ended_at is null;
    return null;
end $$;
create or replace trigger b_consent_age_out after update of aged_out_at on people for each row
    when (old.aged_out_at is null and new.aged_out_at is not null) execute function app.consent_age_out();
