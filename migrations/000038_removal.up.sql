-- From when on the objects of a deleted version may be removed: a copy of the buckets that is
-- made after a copy of the database then has every object that the database names. Null for
-- a version that was not deleted, and where the operator lets nothing wait.
alter table file_versions add column removable_at timestamptz;
