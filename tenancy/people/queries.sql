-- Of a page: by name, then by id. The cursor is the id of the last one.

-- name: PersonChange :exec
update people set kind = sqlc.arg(kind), display_name = sqlc.arg(display_name), grade = sqlc.arg(grade), identifiers = sqlc.arg(identifiers),
    username_hash = sqlc.arg(username_hash), email_hash = sqlc.arg(email_hash), state = sqlc.arg(state), leaves_at = sqlc.narg(leaves_at)::timestamptz,
    set_by_hand = sqlc.arg(set_by_hand), updated_at = now()
 where user_id = sqlc.arg(user_id);

-- name: PersonEndDue :execrows
update people set state = 'left', leaves_at = null, updated_at = now() where user_id = $1 and state = 'leaving' and leaves_at <= now();

-- name: PersonGet :one
select p.user_id, p.kind, p.display_name, p.grade, p.source_id, p.sourced_id, p.identifiers, p.username_hash, p.email_hash, p.state, p.since,
       p.leaves_at, p.thirteen_from, p.adult_from, p.set_by_hand, p.created_at, p.updated_at, coalesce(m.role, '')::text as role,
       (select count(*) from logins l where l.user_id = p.user_id) as logins
  from people p left join members m on m.user_id = p.user_id where p.user_id = $1;

-- name: PersonInsert :execrows
insert into people (organization_id, user_id, kind, display_name, grade, identifiers, username_hash, email_hash)
values (app.org(), sqlc.arg(user_id), sqlc.arg(kind), sqlc.arg(display_name), sqlc.arg(grade), sqlc.arg(identifiers), sqlc.arg(username_hash), sqlc.arg(email_hash))
on conflict (organization_id, user_id) do nothing;

-- name: PersonLock :execrows
select user_id from people where user_id = $1 for update;

-- name: PersonPage :many
select p.user_id, p.kind, p.display_name, p.grade, p.source_id, p.sourced_id, p.identifiers, p.username_hash, p.email_hash, p.state, p.since,
       p.leaves_at, p.thirteen_from, p.adult_from, p.set_by_hand, p.created_at, p.updated_at, coalesce(m.role, '')::text as role,
       (select count(*) from logins l where l.user_id = p.user_id) as logins
  from people p left join members m on m.user_id = p.user_id
 where (sqlc.arg(search)::text = '' or strpos(p.name_key, app.name_key(sqlc.arg(search)::text)::text) > 0)
   and (sqlc.arg(kind)::text = '' or p.kind = sqlc.arg(kind)::text) and (sqlc.arg(state)::text = '' or p.state = sqlc.arg(state)::text)
   and (sqlc.arg(after)::uuid = '00000000-0000-0000-0000-000000000000'
        or (p.name_key, p.user_id) > (select a.name_key, a.user_id from people a where a.user_id = sqlc.arg(after)::uuid))
 order by p.name_key, p.user_id limit sqlc.arg(most);

-- name: UsersAdd :exec
select app.users_add(sqlc.arg(ids)::uuid[]);
