-- Where a person belongs, by what their issuer calls them: a row for each place,
-- and one without a place for a person who is known and belongs nowhere.
create or replace function app.person_places(iss text, sub text)
returns table (user_id uuid, organization_id uuid, name text, role text, status text)
language sql stable security definer set search_path = public, pg_temp as $$
    select l.user_id, o.id, o.name, m.role, o.status
      from logins l left join members m on m.user_id = l.user_id left join organizations o on o.id = m.organization_id
     where l.issuer = iss and l.subject = sub order by o.id
$$;

-- The invitation whose token has this SHA-256, open or ended. A token is 256
-- random bits, so that only its recipient has it.
create or replace function app.invitation_by_token(hash bytea)
returns table (organization_id uuid, invitation_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select i.organization_id, i.id from invitations i where i.token_hash = hash
$$;

-- Open invitations whose workflow never began, went silent before the mail was
-- out, or is not there to end them.
create or replace function app.invitations_waiting(unstarted_for interval, silent_for interval, after uuid, n integer)
returns table (organization_id uuid, invitation_id uuid, expires_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select i.organization_id, i.id, i.expires_at from invitations i
     where i.state = 'pending'
       and (i.started_at is null and i.updated_at < now() - unstarted_for
            or i.delivery = 'queued' and i.updated_at < now() - silent_for
            or i.expires_at < now() - unstarted_for)
       and i.id > after
     order by i.id limit n
$$;
