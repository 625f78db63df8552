update invitations set token_hash = null where state <> 'pending';
alter table invitations drop constraint ended_keeps_no_address;
alter table invitations add constraint ended_keeps_nothing check (case state when 'pending' then email is not null and ended_at is null
    else email is null and token_hash is null and ended_at is not null end);
