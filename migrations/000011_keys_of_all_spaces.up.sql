-- A key that acts in all spaces keeps saying so when it has ended, and its service
-- account with it.
alter table api_keys add column all_spaces boolean not null default false;
