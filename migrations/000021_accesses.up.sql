-- The same look, and the same refusal, is written once an hour or once a minute: slot is its
-- beginning. Without a slot each access has its row.
alter table share_accesses add column slot timestamptz;
create unique index share_accesses_of_slots on share_accesses
    (organization_id, share_id, slot, what, outcome, code, coalesce(recipient_id, '00000000-0000-0000-0000-000000000000'), coalesce(file_id, '00000000-0000-0000-0000-000000000000'))
 where slot is not null;
