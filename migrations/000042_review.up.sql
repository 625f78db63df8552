-- Which version of a record was looked at when it was decided what of a request becomes of it: a
-- decision is about that version alone. Null: it is not known, and what tells of others waits again.
alter table access_request_files add column version_id uuid;
