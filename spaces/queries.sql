-- Names are noun first, so that they sort by what they touch. Row-level security
-- decides which rows an actor reaches; a query only chooses among them. A time without
-- a limit is Go's zero time, since Go has no infinite one.

-- name: ClassGet :one
select k.id, k.title, k.code, k.state, (k.source_id is not null)::boolean as rostered, k.created_at, k.updated_at, s.id as space_id
  from classes k left join spaces s on s.organization_id = k.organization_id and s.class_id = k.id and s.kind = 'class' where k.id = $1;

-- name: ClassInsert :execrows
insert into classes (organization_id, id, title, code) values (app.org(), $1, $2, $3) on conflict (organization_id, id) do nothing;

-- name: ClassMemberPage :many
select distinct on (c.user_id) c.user_id, c.role, c.primary_teacher, c.origin, coalesce(nullif(c.ends_at, 'infinity'), '0001-01-01Z')::timestamptz as ends_at, coalesce(p.display_name, '') as display_name
  from class_members c left join people p on p.organization_id = c.organization_id and p.user_id = c.user_id
 where c.class_id = sqlc.arg(class_id) and c.ends_at > now() and c.user_id > sqlc.arg(after)
 order by c.user_id, c.role desc limit sqlc.arg(most);

-- A person whom somebody removed by hand is not brought back by an import.

-- name: ClassMemberRemove :execrows
update class_members set ends_at = least(ends_at, now()), removed_by = sqlc.arg(removed_by)::uuid, updated_at = now()
 where class_id = sqlc.arg(class_id) and user_id = sqlc.arg(user_id) and ends_at > now();

-- name: ClassMemberSet :exec
insert into class_members (organization_id, class_id, user_id, origin, role, primary_teacher, ends_at)
values (app.org(), sqlc.arg(class_id), sqlc.arg(user_id), 'manual', sqlc.arg(role), sqlc.arg(primary_teacher), coalesce(sqlc.narg(ends_at)::timestamptz, 'infinity'))
on conflict (organization_id, class_id, user_id, origin) do update
   set role = excluded.role, primary_teacher = excluded.primary_teacher, ends_at = excluded.ends_at, removed_by = null, updated_at = now();

-- name: ClassPage :many
select k.id, k.title, k.code, k.state, (k.source_id is not null)::boolean as rostered, k.created_at, k.updated_at, s.id as space_id
  from classes k left join spaces s on s.organization_id = k.organization_id and s.class_id = k.id and s.kind = 'class'
 where (sqlc.arg(state)::text = '' or k.state = sqlc.arg(state)::text)
   and (sqlc.arg(after)::uuid = '00000000-0000-0000-0000-000000000000'
        or (k.title, k.id) > (select a.title, a.id from classes a where a.id = sqlc.arg(after)::uuid))
 order by k.title, k.id limit sqlc.arg(most);

-- name: ClassUpdate :execrows
update classes set title = coalesce(sqlc.narg(title), title), code = coalesce(sqlc.narg(code), code), state = coalesce(sqlc.narg(state), state), updated_at = now(),
       set_by_hand = array(select distinct n from unnest(set_by_hand
           || case when sqlc.narg(title)::text is null then '{}'::text[] else '{title}' end
           || case when sqlc.narg(code)::text is null then '{}'::text[] else '{code}' end
           || case when sqlc.narg(state)::text is null then '{}'::text[] else '{state}' end) n order by n)
 where id = sqlc.arg(id);

-- name: FolderDelete :execrows
delete from folders where id = $1;

-- name: FolderGet :one
select id, space_id, parent_id, name, mode, instructions, opens_at, due_at, closes_at, accepted, created_by, created_at, updated_at
  from folders where id = $1;

-- name: FolderInsert :execrows
insert into folders (organization_id, id, space_id, parent_id, name, mode, instructions, opens_at, due_at, closes_at, accepted, created_by)
values (app.org(), sqlc.arg(id), sqlc.arg(space_id), sqlc.narg(parent_id), sqlc.arg(name), sqlc.arg(mode), sqlc.arg(instructions), sqlc.narg(opens_at)::timestamptz,
        sqlc.narg(due_at)::timestamptz, sqlc.narg(closes_at)::timestamptz, sqlc.arg(accepted), app.actor()) on conflict (organization_id, id) do nothing;

-- name: FolderPage :many
select id, space_id, parent_id, name, mode, instructions, opens_at, due_at, closes_at, accepted, created_by, created_at, updated_at
  from folders
 where space_id = sqlc.arg(space_id)::uuid and parent_id is not distinct from sqlc.narg(parent_id)::uuid
   and (sqlc.arg(after)::uuid = '00000000-0000-0000-0000-000000000000'
        or (name, id) > (select d.name, d.id from folders d where d.id = sqlc.arg(after)::uuid))
 order by name, id limit sqlc.arg(most)::bigint;

-- How many files a move into another space changes, up to a bound.

-- name: FolderFilesToMove :one
select count(*) from (
    select from folder_paths p join files f on f.organization_id = p.organization_id and f.folder_id = p.folder_id
     where p.ancestor_id = sqlc.arg(id) and f.space_id <> sqlc.arg(space_id) limit sqlc.arg(most)::bigint) x;

-- The folders above one, the outermost first.

-- name: FolderTrail :many
select d.id, d.name from folder_paths p join folders d on d.organization_id = p.organization_id and d.id = p.ancestor_id
 where p.folder_id = $1 order by p.depth desc;

-- name: FolderUpdate :execrows
update folders set
    name = coalesce(sqlc.narg(name), name), instructions = coalesce(sqlc.narg(instructions), instructions),
    space_id = coalesce(sqlc.narg(space_id), space_id),
    parent_id = case when sqlc.arg(moves)::boolean then sqlc.narg(parent_id)::uuid else parent_id end,
    opens_at = case when sqlc.arg(sets_opens_at)::boolean then sqlc.narg(opens_at)::timestamptz else opens_at end,
    due_at = case when sqlc.arg(sets_due_at)::boolean then sqlc.narg(due_at)::timestamptz else due_at end,
    closes_at = case when sqlc.arg(sets_closes_at)::boolean then sqlc.narg(closes_at)::timestamptz else closes_at end,
    accepted = coalesce(sqlc.narg(accepted)::text[], accepted), updated_at = now()
 where id = sqlc.arg(id);

-- name: GrantApprove :execrows
update space_grants set approved_by = app.actor() where id = $1 and via = 'breakglass' and given_by <> app.actor() and approved_by is null and ends_at > now();

-- name: GrantEnd :execrows
update space_grants set ends_at = least(ends_at, now()) where id = $1 and space_id = $2 and ends_at > now();

-- name: GrantGet :one
select id, space_id, user_id, level, via, reason, given_by, approved_by, begins_at, coalesce(nullif(ends_at, 'infinity'), '0001-01-01Z')::timestamptz as ends_at, created_at from space_grants where id = $1;

-- name: GrantInsert :execrows
insert into space_grants (organization_id, id, space_id, user_id, level, via, reason, given_by, begins_at, ends_at)
values (app.org(), sqlc.arg(id), sqlc.arg(space_id), sqlc.arg(user_id), sqlc.arg(level), sqlc.arg(via), sqlc.arg(reason), app.actor(),
        coalesce(sqlc.narg(begins_at)::timestamptz, now()), coalesce(sqlc.narg(ends_at)::timestamptz, 'infinity'))
on conflict (organization_id, id) do nothing;

-- name: GrantPage :many
select id, space_id, user_id, level, via, reason, given_by, approved_by, begins_at, coalesce(nullif(ends_at, 'infinity'), '0001-01-01Z')::timestamptz as ends_at, created_at
  from space_grants where space_id = sqlc.arg(space_id) and id > sqlc.arg(after) order by id limit sqlc.arg(most);

-- name: HandIn :one
select coalesce(app.hand_in(sqlc.arg(folder_id)), -1)::integer;

-- name: HandInReturn :one
select coalesce(app.hand_in_return(sqlc.arg(folder_id), sqlc.arg(student), sqlc.arg(note)), false)::boolean;

-- name: HandInStates :many
select s.student_id::uuid as student_id, coalesce(s.handed_in_at, '0001-01-01Z')::timestamptz as handed_in_at, coalesce(s.returned_at, '0001-01-01Z')::timestamptz as returned_at,
       s.files::bigint as files, coalesce(s.note, '')::text as note, coalesce(p.display_name, '')::text as display_name
  from app.hand_in_states(sqlc.arg(folder_id)) s left join people p on p.user_id = s.student_id
 where s.student_id > sqlc.arg(after)::uuid order by s.student_id limit sqlc.arg(most)::bigint;

-- name: HandInWithdraw :one
select coalesce(app.hand_in_withdraw(sqlc.arg(folder_id)), false)::boolean;

-- name: HandInMine :one
select handed_in_at, returned_at, note from hand_ins where folder_id = $1 and student_id = app.actor();

-- name: LinkFileDelete :execrows
delete from file_links where file_id = $1 and space_id = $2 and share_id = '00000000-0000-0000-0000-000000000000';

-- name: LinkFileSet :exec
insert into file_links (organization_id, file_id, space_id, level, starts_at, ends_at, added_by)
values (app.org(), sqlc.arg(file_id), sqlc.arg(space_id), sqlc.arg(level), coalesce(sqlc.narg(starts_at)::timestamptz, '-infinity'),
        coalesce(sqlc.narg(ends_at)::timestamptz, 'infinity'), app.actor())
on conflict (organization_id, file_id, space_id, share_id) do update set level = excluded.level, starts_at = excluded.starts_at, ends_at = excluded.ends_at;

-- name: LinkFileList :many
select space_id, level, coalesce(nullif(starts_at, '-infinity'), '0001-01-01Z')::timestamptz as starts_at, coalesce(nullif(ends_at, 'infinity'), '0001-01-01Z')::timestamptz as ends_at, share_id, added_by, created_at from file_links where file_id = $1 order by space_id, share_id;

-- name: LinkFolderDelete :execrows
delete from folder_links where folder_id = $1 and space_id = $2 and share_id = '00000000-0000-0000-0000-000000000000';

-- name: LinkFolderList :many
select space_id, level, coalesce(nullif(starts_at, '-infinity'), '0001-01-01Z')::timestamptz as starts_at, coalesce(nullif(ends_at, 'infinity'), '0001-01-01Z')::timestamptz as ends_at, share_id, added_by, created_at from folder_links where folder_id = $1 order by space_id, share_id;

-- name: LinkFolderSet :exec
insert into folder_links (organization_id, folder_id, space_id, level, starts_at, ends_at, added_by)
values (app.org(), sqlc.arg(folder_id), sqlc.arg(space_id), sqlc.arg(level), coalesce(sqlc.narg(starts_at)::timestamptz, '-infinity'),
        coalesce(sqlc.narg(ends_at)::timestamptz, 'infinity'), app.actor())
on conflict (organization_id, folder_id, space_id, share_id) do update set level = excluded.level, starts_at = excluded.starts_at, ends_at = excluded.ends_at;

-- What is shown in a space by links: folders first.

-- name: LinkedFolders :many
select d.id, d.space_id, d.parent_id, d.name, d.mode, d.instructions, d.opens_at, d.due_at, d.closes_at, d.accepted, d.created_by, d.created_at, d.updated_at
  from folders d
 where d.id in (select l.folder_id from folder_links l where l.space_id = $1 and l.starts_at <= now() and l.ends_at > now()) order by d.name, d.id limit 200;

-- name: PersonalSpace :one
select app.personal_space(sqlc.arg(person))::uuid as id;

-- name: SpaceGet :one
select id, kind, name, class_id, owner_id, about_id, state, trash_days, created_by, created_at, updated_at, app.my_level(id)::integer as my_level
  from spaces where id = $1;

-- With "on conflict" the policy of reading would be asked of the new row, which its
-- maker is not in yet.

-- name: SpaceInsert :execrows
insert into spaces (organization_id, id, kind, name, class_id, about_id, created_by)
select app.org(), sqlc.arg(id)::uuid, sqlc.arg(kind)::text, sqlc.arg(name)::text, sqlc.narg(class_id)::uuid, sqlc.narg(about_id)::uuid, app.actor()
 where not exists (select from spaces where id = sqlc.arg(id)::uuid);

-- A person's spaces are read by their rows in space_members: the policy alone would
-- look at every space.

-- name: SpacePage :many
select s.id, s.kind, s.name, s.class_id, s.owner_id, s.about_id, s.state, s.trash_days, s.created_by, s.created_at, s.updated_at, app.my_level(s.id)::integer as my_level
  from spaces s
 where ((select app.all_spaces()) or s.id in (select m.space_id from space_members m where m.user_id = app.actor() and m.begins_at <= now() and m.ends_at > now()))
   and (sqlc.arg(kind)::text = '' or s.kind = sqlc.arg(kind)::text)
   and (sqlc.arg(after)::uuid = '00000000-0000-0000-0000-000000000000'
        or (s.name, s.id) > (select a.name, a.id from spaces a where a.id = sqlc.arg(after)::uuid))
 order by s.name, s.id limit sqlc.arg(most);

-- name: SpacePeople :many
select m.user_id::uuid as user_id, m.level::smallint as level, m.via::text as via, coalesce(nullif(m.ends_at, 'infinity'), '0001-01-01Z')::timestamptz as ends_at, coalesce(p.display_name, '')::text as display_name
  from app.space_people(sqlc.arg(space_id)) m left join people p on p.user_id = m.user_id
 where m.user_id > sqlc.arg(after)::uuid order by m.user_id limit sqlc.arg(most)::bigint;

-- name: SpaceUpdate :execrows
update spaces set name = coalesce(sqlc.narg(name), name), state = coalesce(sqlc.narg(state), state),
    trash_days = case when sqlc.arg(sets_trash_days)::boolean then sqlc.narg(trash_days)::integer else trash_days end, updated_at = now()
 where id = sqlc.arg(id);

-- name: StarDelete :exec
delete from stars where file_id = $1 and user_id = app.actor();

-- name: StarInsert :exec
insert into stars (organization_id, user_id, file_id) values (app.org(), app.actor(), $1) on conflict do nothing;

-- What the report of access counts. The first is the platform's own question, the
-- second asks the access rule as its actor.

-- name: PublishedBySpace :many
select f.space_id, s.kind, count(*) as files from files f join spaces s on s.organization_id = f.organization_id and s.id = f.space_id
 where f.current_id is not null and f.trashed_at is null and f.created_at < sqlc.arg(before)::timestamptz
 group by f.space_id, s.kind;

-- name: ReadableBySpace :many
select f.space_id, count(*) as files from files f
 where f.current_id is not null and f.trashed_at is null and f.created_at < sqlc.arg(before)::timestamptz
 group by f.space_id;

-- name: TeacherPage :many
select m.user_id, coalesce(p.display_name, '')::text as display_name from members m left join people p on p.user_id = m.user_id
 where m.role = 'teacher' and not m.service and m.user_id > sqlc.arg(after)::uuid order by m.user_id limit sqlc.arg(most)::bigint;

-- name: ReviewList :many
select g.id, g.space_id, g.user_id, g.reason, g.approved_by, g.begins_at, g.ends_at, r.due_at, (r.decision = '' and r.due_at <= now())::boolean as overdue, r.decision, r.note, r.reviewed_by, r.reviewed_at
  from break_glass_reviews r join space_grants g on g.organization_id = r.organization_id and g.id = r.grant_id
 where (sqlc.arg(reviewed)::boolean or r.decision = '') and (sqlc.narg(before)::uuid is null or g.id < sqlc.narg(before)::uuid)
 order by g.id desc limit sqlc.arg(most);

-- name: ReviewGet :one
select g.id, g.space_id, g.user_id, g.reason, g.approved_by, g.begins_at, g.ends_at, r.due_at, (r.decision = '' and r.due_at <= now())::boolean as overdue, r.decision, r.note, r.reviewed_by, r.reviewed_at
  from break_glass_reviews r join space_grants g on g.organization_id = r.organization_id and g.id = r.grant_id where g.id = sqlc.arg(id);

-- name: ReviewDecide :execrows
update break_glass_reviews set decision = sqlc.arg(decision), note = sqlc.arg(note), reviewed_by = app.actor(), reviewed_at = now() where grant_id = sqlc.arg(id) and decision = '';

-- name: ReviewTell :one
select app.break_glass_tell(app.org(), sqlc.arg(id)::uuid)::integer as day;
