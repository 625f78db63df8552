-- The chain of the audit log. The head's row is locked until the transaction ends,
-- so events of one organization are in the order of their commits; callers record
-- last in their transaction, which keeps the lock short.
create or replace function app.audit_chain() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare head record; said jsonb := new.event::jsonb;
begin
    if said ->> 'organization' is distinct from new.organization_id::text then
        raise exception 'an event of another organization' using errcode = 'check_violation';
    end if;
    insert into audit_heads (organization_id) values (new.organization_id) on conflict do nothing;
    select seq, hash into head from audit_heads where organization_id = new.organization_id for update;
    new.seq := head.seq + 1;
    new.hash := sha256(head.hash || int8send(new.seq) || convert_to(new.event, 'UTF8'));
    new.at := (said ->> 'at')::timestamptz;
    new.action := said ->> 'action';
    new.actor := said ->> 'actor';
    new.object := said ->> 'object';
    new.object_id := said ->> 'object_id';
    new.result := said ->> 'result';
    update audit_heads set seq = new.seq, hash = new.hash where organization_id = new.organization_id;
    return new;
end $$;
create or replace trigger chain before insert on audit_events for each row execute function app.audit_chain();

-- Grants keep the application from it; this keeps everyone else from doing it
-- by mistake, the owner's role included.
create or replace function app.audit_refuse() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'DELETE' and current_setting('app.deleting', true) = old.organization_id::text then return old; end if;
    raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end $$;
create or replace trigger refuse before update or delete on audit_events for each row execute function app.audit_refuse();
create or replace trigger refuse_truncate before truncate on audit_events for each statement execute function app.audit_refuse();
