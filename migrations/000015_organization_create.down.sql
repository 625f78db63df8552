-- The rules of the build that wants the function make it.
select 1;
