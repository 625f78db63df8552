-- The view runs with its reader's rights, so the rules of its tables hold.
grant select on version_view to satchel_app;
