-- Holds the months of tables that are partitioned by month. No role of the platform may use
-- it: rows are reached through the table, with its rules, and never through one month.
create schema months;
