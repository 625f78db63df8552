-- An invitation that has ended keeps its token's hash, so that anyone who holds the
-- mail can be told how it ended. The address goes as before: a hash of 256
-- random bits says nothing about anyone.
alter table invitations drop constraint ended_keeps_nothing;
alter table invitations add constraint ended_keeps_no_address
    check (case state when 'pending' then email is not null and ended_at is null else email is null and ended_at is not null end);
