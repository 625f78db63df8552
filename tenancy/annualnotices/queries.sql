-- What is due, by the day on which it was done last: a year after it, and from the first day of
-- an organization that has never done it.
-- name: Due :many
select k.kind::text as kind, k.rule::text as rule, coalesce((n.given_on + interval '1 year')::date, o.created_at::date)::date as due_on,
       (coalesce((n.given_on + interval '1 year')::date, o.created_at::date) <= current_date)::boolean as overdue,
       coalesce(n.id, '00000000-0000-0000-0000-000000000000')::uuid as id, coalesce(n.given_on, '0001-01-01')::date as given_on, coalesce(n.how, '')::text as how, n.file_id,
       coalesce(n.recorded_by, '00000000-0000-0000-0000-000000000000')::uuid as recorded_by, coalesce(n.recorded_at, '0001-01-01Z')::timestamptz as recorded_at
  from app.annual_kinds() k join organizations o on o.id = app.org()
  left join lateral (select a.id, a.given_on, a.how, a.file_id, a.recorded_by, a.recorded_at from annual_notices a where a.kind = k.kind order by a.given_on desc, a.id desc limit 1) n on true
 order by 3, 1;

-- name: NoticeInsert :exec
insert into annual_notices (organization_id, id, kind, given_on, how, file_id, recorded_by)
values (app.org(), sqlc.arg(id), sqlc.arg(kind), sqlc.arg(given_on), sqlc.arg(how), sqlc.narg(file_id), sqlc.arg(recorded_by));

-- name: NoticeKind :one
select k.kind::text from annual_notices n join app.annual_kinds() k on k.kind = n.kind where n.id = sqlc.arg(id);
