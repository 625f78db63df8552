-- Imports of rosters of a hundred thousand people and a million places in classes.

-- Who is in a class is derived by the spaces of the class.
create index spaces_of_classes on spaces (organization_id, class_id) where class_id is not null;

-- A foreign key looks for the import of each of a million rows again. The statement that
-- stages a batch, or writes the changes down, changes the import's row in the same
-- transaction, and ends when there is none.
alter table roster_rows drop constraint roster_rows_organization_id_import_id_fkey;
alter table roster_changes drop constraint roster_changes_organization_id_import_id_fkey;

-- All rows of an import are read at once and joined by hash; one is never looked for by
-- its identifier.
drop index roster_rows_by_id;
