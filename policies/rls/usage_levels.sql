-- Reads with its reader's rights, so the tables' own policies decide.
grant select on usage_levels to satchel_app, satchel_system;
