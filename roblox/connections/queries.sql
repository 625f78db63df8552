-- name: ConnectionInsert :exec
insert into roblox_connections (organization_id, id, name, universe_id, creator_type, creator_id, key_sealed, key_owner, key_info, key_checked_at, secret_sealed, space_ids, automatic, progress, created_by)
values (app.org(), sqlc.arg(id), sqlc.arg(name), sqlc.arg(universe_id), sqlc.arg(creator_type), sqlc.arg(creator_id), sqlc.arg(key_sealed), sqlc.arg(key_owner), sqlc.arg(key_info), now(), sqlc.arg(secret_sealed),
        sqlc.arg(space_ids), sqlc.arg(automatic), sqlc.arg(progress), sqlc.arg(created_by));

-- name: ConnectionGet :one
select id, name, universe_id, creator_type, creator_id, key_owner, key_info, key_checked_at, space_ids, automatic, state, code, sync_id, synced_at, map_revision, told_at, progress, created_at from roblox_connections where id = sqlc.arg(id);

-- name: ConnectionLock :one
select id, state, sync_id from roblox_connections where id = sqlc.arg(id) for no key update;

-- name: ConnectionList :many
select id, name, universe_id, creator_type, creator_id, key_owner, key_info, key_checked_at, space_ids, automatic, state, code, sync_id, synced_at, map_revision, told_at, progress, created_at from roblox_connections order by id limit 100;

-- name: ConnectionSealed :one
select key_sealed, secret_sealed from roblox_connections where id = sqlc.arg(id);

-- name: ConnectionUniverseTaken :one
select exists (select from roblox_connections where universe_id = sqlc.arg(universe_id));

-- name: ConnectionCount :one
select count(*) from roblox_connections;

-- name: ConnectionChange :execrows
update roblox_connections set name = sqlc.arg(name), space_ids = sqlc.arg(space_ids), automatic = sqlc.arg(automatic), progress = sqlc.arg(progress), next_sync_at = now(), updated_at = now() where id = sqlc.arg(id);

-- name: ConnectionKey :execrows
update roblox_connections set key_sealed = sqlc.arg(key_sealed), key_owner = sqlc.arg(key_owner), key_info = sqlc.arg(key_info), key_checked_at = now(), updated_at = now() where id = sqlc.arg(id);

-- name: ConnectionKeyInfo :exec
update roblox_connections set key_info = sqlc.arg(key_info), key_checked_at = now(), updated_at = now() where id = sqlc.arg(id);

-- name: ConnectionState :execrows
update roblox_connections set state = sqlc.arg(state), code = sqlc.arg(code), next_sync_at = now(), updated_at = now() where id = sqlc.arg(id);

-- name: ConnectionSync :exec
update roblox_connections set sync_id = sqlc.arg(sync_id), updated_at = now() where id = sqlc.arg(id);

-- name: ConnectionSynced :exec
update roblox_connections set synced_at = now(), next_sync_at = now() + sqlc.arg(pause)::interval, updated_at = now() where id = sqlc.arg(id);

-- name: ConnectionMap :exec
update roblox_connections set map_revision = sqlc.arg(map_revision), told_at = now(), updated_at = now() where id = sqlc.arg(id);

-- name: ConnectionRotate :exec
update roblox_connections set key_sealed = sqlc.arg(key_sealed), secret_sealed = sqlc.arg(secret_sealed), updated_at = now()
 where id = sqlc.arg(id) and key_sealed = sqlc.arg(key_was) and secret_sealed = sqlc.arg(secret_was);

-- How many unsure assets owners and admins are told of: a row is changed where there are more than before.
-- name: ConnectionToldMore :execrows
update roblox_connections set told_unsure = sqlc.arg(unsure)::integer where id = sqlc.arg(id) and told_unsure < sqlc.arg(unsure)::integer;

-- name: ConnectionToldLess :exec
update roblox_connections set told_unsure = sqlc.arg(unsure)::integer where id = sqlc.arg(id) and told_unsure > sqlc.arg(unsure)::integer;

-- name: ConnectionDelete :execrows
delete from roblox_connections where id = sqlc.arg(id);

-- name: ConnectorAllow :exec
insert into disclosure_rules (organization_id, way, class, allowed, rule) values (app.org(), 'connector', 'general', true, 'roblox_connected')
    on conflict (organization_id, way, class) do nothing;

-- name: ConnectorForget :exec
delete from disclosure_rules where way = 'connector' and class = 'general' and rule = 'roblox_connected' and not exists (select from roblox_connections);

-- Personal and confidential spaces are not the organization's to bring anywhere.
-- name: SpacesKnown :one
select count(*) from spaces where id = any (sqlc.arg(ids)::uuid[]) and kind not in ('personal', 'confidential');

-- Published files of the spaces, page by page.
-- name: FilesWanted :many
select f.id, f.name::text as name, v.id as version_id, v.sha256, v.mime_type, v.size
  from files f join file_versions v on v.id = f.current_id
 where f.space_id = any (sqlc.arg(spaces)::uuid[]) and f.trashed_at is null and f.id > sqlc.arg(after) and v.status = 'published'
   and v.mime_type = any (sqlc.arg(types)::text[])
 order by f.id limit sqlc.arg(n);

-- name: VersionSource :one
select v.file_id, v.object_etag, v.size, v.mime_type, f.name::text as name,
       (f.trashed_at is null and f.current_id = v.id and v.status = 'published')::boolean as current
  from file_versions v join files f on f.id = v.file_id where v.id = sqlc.arg(id);

-- Nothing is wanted until the plan has seen it again.
-- name: AssetPlan :exec
insert into roblox_assets (organization_id, id, connection_id, file_id, version_id, name, asset_type, sha256, state, code, next_at)
values (app.org(), sqlc.arg(id), sqlc.arg(connection_id), sqlc.arg(file_id), sqlc.arg(version_id), sqlc.arg(name), sqlc.arg(asset_type), sqlc.arg(sha256), sqlc.arg(state), sqlc.arg(code),
        case when sqlc.arg(state)::text = 'planned' then now() end)
on conflict (organization_id, connection_id, version_id) do update
   set wanted = excluded.state = 'planned' or roblox_assets.state in ('planned', 'withheld', 'refused') or roblox_assets.state = 'archived' and roblox_assets.asset_id is null, name = excluded.name,
       -- What Roblox refused by a rule of its own is not asked again; what waited for a quota or for a decision is.
       state = case when roblox_assets.state in ('planned', 'withheld') or roblox_assets.state = 'refused' and roblox_assets.code = 'roblox_quota_used' then excluded.state
                    when roblox_assets.state = 'archived' and roblox_assets.asset_id is null then excluded.state else roblox_assets.state end,
       code = case when roblox_assets.state in ('planned', 'withheld') or roblox_assets.state = 'refused' and roblox_assets.code = 'roblox_quota_used' then excluded.code
                   when roblox_assets.state = 'archived' and roblox_assets.asset_id is null then '' else roblox_assets.code end;

-- name: AssetUnplanAll :exec
update roblox_assets set wanted = false where connection_id = sqlc.arg(connection_id) and wanted;

-- What the plan says of each row: what is not wanted any more goes, what is wanted goes on.
-- name: AssetSettle :exec
update roblox_assets set updated_at = now(), tries = 0,
       state = case when not wanted and state in ('planned', 'withheld', 'refused') then 'archived' when not wanted and state in ('live', 'approved', 'restoring') then 'archiving'
                    when wanted and state = 'archived' and asset_id is not null then 'restoring' else state end,
       next_at = case when state in ('claimed', 'uploading', 'approved', 'archiving', 'restoring') then coalesce(next_at, now())
                      when state = 'reviewing' or wanted and state = 'archived' then now()
                      when wanted and state = 'planned' then now()
                      when not wanted and state = 'live' then now()
                      when state = 'live' and updated_at < now() - sqlc.arg(look_again)::interval then now()
                 end
 where connection_id = sqlc.arg(connection_id)
   and (not wanted and state in ('planned', 'withheld', 'refused', 'live', 'approved') or state in ('claimed', 'uploading', 'reviewing', 'approved', 'archiving', 'restoring')
        or wanted and state = 'archived' and asset_id is not null or wanted and state = 'planned' or state = 'live' and updated_at < now() - sqlc.arg(look_again)::interval);

-- name: AssetsDue :many
select id, connection_id, file_id, version_id, name, asset_type, sha256, state, code, wanted, claim, claimed_at, operation_id, asset_id, tries, created_at, updated_at
  from roblox_assets where connection_id = sqlc.arg(connection_id) and next_at <= now() order by next_at, id limit sqlc.arg(n);

-- name: AssetsLeft :one
select count(*)::bigint as n, coalesce(min(next_at), now())::timestamptz as next_at from roblox_assets
 where connection_id = sqlc.arg(connection_id) and next_at < now() + interval '1 day';

-- name: AssetClaim :execrows
update roblox_assets set state = 'claimed', code = '', claim = sqlc.arg(claim), claimed_at = now(), next_at = now() + sqlc.arg(lease)::interval, updated_at = now()
 where id = sqlc.arg(id) and state = 'planned';

-- name: AssetMove :execrows
update roblox_assets set state = sqlc.arg(state), code = sqlc.arg(code), operation_id = sqlc.arg(operation_id), asset_id = sqlc.narg(asset_id), tries = sqlc.arg(tries),
       next_at = case when sqlc.arg(goes_on)::boolean then now() + sqlc.arg(pause)::interval end, updated_at = now()
 where id = sqlc.arg(id) and state = sqlc.arg(was) and (sqlc.arg(was)::text <> 'claimed' or claim = sqlc.narg(claim)::uuid);

-- name: AssetCounts :many
select state, count(*)::bigint as n from roblox_assets where connection_id = sqlc.arg(connection_id) group by state;

-- name: AssetPlannedByType :many
select asset_type, count(*)::bigint as n from roblox_assets where connection_id = sqlc.arg(connection_id) and state = 'planned' group by asset_type;

-- name: AssetList :many
select id, file_id, version_id, name, asset_type, sha256, state, code, operation_id, asset_id, decided_by, decided_at, claimed_at, created_at, updated_at
  from roblox_assets where connection_id = sqlc.arg(connection_id) and (sqlc.arg(state)::text = '' or state = sqlc.arg(state)::text) and id > sqlc.arg(after) order by id limit sqlc.arg(n);

-- name: AssetGet :one
select id, file_id, version_id, name, asset_type, sha256, state, code, operation_id, asset_id, decided_by, decided_at, claimed_at, created_at, updated_at
  from roblox_assets where id = sqlc.arg(id) and connection_id = sqlc.arg(connection_id);

-- name: AssetDecide :execrows
update roblox_assets set state = sqlc.arg(state), code = '', asset_id = sqlc.narg(asset_id), tries = 0, next_at = now(), decided_by = sqlc.arg(decided_by), decided_at = now(), updated_at = now()
 where id = sqlc.arg(id) and connection_id = sqlc.arg(connection_id) and state = 'unsure';

-- name: AssetsLive :many
select file_id, name, asset_type, sha256, asset_id from roblox_assets where connection_id = sqlc.arg(connection_id) and state = 'live' and wanted order by file_id;

-- name: AssetNumberTaken :one
select exists (select from roblox_assets where connection_id = sqlc.arg(connection_id) and asset_id = sqlc.arg(asset_id)::bigint);

-- Documents that were made from texts and are what a file shows now. One whose generation was
-- deleted since stays as it was written.
-- name: LessonsWanted :many
select f.id, f.name::text as name, v.id as version_id, coalesce(g.kind, l.kind)::text as kind
  from files f join file_versions v on v.id = f.current_id
  left join generations g on g.result_version_id = v.id and g.state = 'published'
  left join roblox_lessons l on l.connection_id = sqlc.arg(connection_id) and l.file_id = f.id and l.version_id = v.id and l.sha256 <> '' and l.at_roblox
 where f.space_id = any (sqlc.arg(spaces)::uuid[]) and f.trashed_at is null and f.id > sqlc.arg(after) and v.status = 'published'
   and (g.id is not null or l.file_id is not null)
 order by f.id limit sqlc.arg(n);

-- The document of a version, if the file still shows it.
-- name: LessonSource :one
select f.id as file_id, (f.trashed_at is null and f.current_id = v.id and v.status = 'published')::boolean as current,
       coalesce(g.answers, false) as answers, coalesce(r.document, '')::text as document
  from file_versions v join files f on f.id = v.file_id
  left join generations g on g.result_version_id = v.id and g.state = 'published'
  left join generation_revisions r on r.generation_id = g.id and r.number = g.revision
 where v.id = sqlc.arg(version_id);

-- name: LessonUnplanAll :exec
update roblox_lessons set wanted = false, rule = '' where connection_id = sqlc.arg(connection_id);

-- A write that is in hand is left to who has claimed it, until the claim is over.
-- name: LessonPlan :exec
insert into roblox_lessons as l (organization_id, connection_id, file_id, version_id, name, kind)
values (app.org(), sqlc.arg(connection_id), sqlc.arg(file_id), sqlc.arg(version_id), sqlc.arg(name), sqlc.arg(kind))
on conflict (organization_id, connection_id, file_id) do update
   set wanted = true, name = excluded.name, kind = excluded.kind, version_id = excluded.version_id, updated_at = now(),
       state = case when l.state in ('claimed', 'unsure') or l.version_id = excluded.version_id and (l.state = 'live' or l.state = 'refused' and l.code <> 'roblox_entry_changed') then l.state else 'planned' end,
       code = case when l.state = 'refused' and l.version_id = excluded.version_id and l.code <> 'roblox_entry_changed' then l.code else '' end,
       tries = 0,
       next_at = case when l.state = 'claimed' then l.next_at
                      when l.state = 'refused' and l.version_id = excluded.version_id and l.code <> 'roblox_entry_changed' then null
                      when l.state = 'live' and l.version_id = excluded.version_id then case when l.written_at < now() - sqlc.arg(look_again)::interval then now() end
                      else now() end;

-- name: LessonWithhold :exec
insert into roblox_lessons as l (organization_id, connection_id, file_id, version_id, name, kind, state, rule, wanted, next_at)
values (app.org(), sqlc.arg(connection_id), sqlc.arg(file_id), sqlc.arg(version_id), sqlc.arg(name), sqlc.arg(kind), 'withheld', sqlc.arg(rule), false, null)
on conflict (organization_id, connection_id, file_id) do update set rule = excluded.rule, name = excluded.name, kind = excluded.kind, version_id = excluded.version_id, updated_at = now();

-- What is not wanted any more is taken away.
-- name: LessonSettle :exec
update roblox_lessons set state = 'removing', code = '', tries = 0, next_at = now(), updated_at = now()
 where connection_id = sqlc.arg(connection_id) and not wanted and state not in ('claimed', 'withheld');

-- name: LessonForget :exec
delete from roblox_lessons where connection_id = sqlc.arg(connection_id) and state = 'withheld' and rule = '';

-- name: LessonsDue :many
select file_id, version_id, name, kind, state, code, rule, wanted, at_roblox, claim, sha256, revision, tries, written_at, updated_at
  from roblox_lessons where connection_id = sqlc.arg(connection_id) and next_at <= now() order by next_at, file_id limit sqlc.arg(n);

-- name: LessonsLeft :one
select count(*)::bigint as n, coalesce(min(next_at), now())::timestamptz as next_at from roblox_lessons
 where connection_id = sqlc.arg(connection_id) and next_at < now() + interval '1 day';

-- name: LessonClaim :execrows
update roblox_lessons set state = 'claimed', code = '', at_roblox = true, claim = sqlc.arg(claim), claimed_at = now(), next_at = now() + sqlc.arg(lease)::interval, updated_at = now()
 where connection_id = sqlc.arg(connection_id) and file_id = sqlc.arg(file_id) and version_id = sqlc.arg(version_id) and state = sqlc.arg(was) and wanted;

-- name: LessonMove :execrows
update roblox_lessons set state = sqlc.arg(state), code = sqlc.arg(code), tries = sqlc.arg(tries),
       next_at = case when sqlc.arg(goes_on)::boolean then now() + sqlc.arg(pause)::interval end, updated_at = now()
 where connection_id = sqlc.arg(connection_id) and file_id = sqlc.arg(file_id) and state = sqlc.arg(was) and (sqlc.arg(was)::text <> 'claimed' or claim = sqlc.narg(claim)::uuid);

-- What was written of a version that is not shown any more is written again.
-- name: LessonWritten :execrows
update roblox_lessons set state = case when version_id = sqlc.arg(version_id) then 'live' else 'planned' end, code = '', tries = 0, at_roblox = true, sha256 = sqlc.arg(sha256), revision = sqlc.arg(revision),
       written_at = now(), next_at = case when version_id = sqlc.arg(version_id) and wanted then null else now() end, updated_at = now()
 where connection_id = sqlc.arg(connection_id) and file_id = sqlc.arg(file_id) and state = sqlc.arg(was) and (sqlc.arg(was)::text <> 'claimed' or claim = sqlc.narg(claim)::uuid);

-- name: LessonUnwant :execrows
update roblox_lessons set state = 'removing', wanted = false, rule = sqlc.arg(rule), code = '', tries = 0, next_at = now(), updated_at = now()
 where connection_id = sqlc.arg(connection_id) and file_id = sqlc.arg(file_id) and state = sqlc.arg(was) and (sqlc.arg(was)::text <> 'claimed' or claim = sqlc.narg(claim)::uuid);

-- name: LessonKept :exec
update roblox_lessons set state = 'withheld', code = '', at_roblox = false, sha256 = '', revision = '', tries = 0, next_at = null, updated_at = now()
 where connection_id = sqlc.arg(connection_id) and file_id = sqlc.arg(file_id) and state = 'removing' and rule <> '';

-- name: LessonGone :exec
delete from roblox_lessons where connection_id = sqlc.arg(connection_id) and file_id = sqlc.arg(file_id) and state = 'removing' and rule = '';

-- name: LessonCounts :many
select state, count(*)::bigint as n from roblox_lessons where connection_id = sqlc.arg(connection_id) group by state;

-- name: LessonList :many
select file_id, version_id, name, kind, state, code, rule, wanted, at_roblox, claim, sha256, revision, tries, written_at, updated_at
  from roblox_lessons where connection_id = sqlc.arg(connection_id) and file_id > sqlc.arg(after) order by file_id limit sqlc.arg(n);

-- name: LessonsLive :many
select file_id, name, kind, sha256, revision from roblox_lessons where connection_id = sqlc.arg(connection_id) and state = 'live' and wanted order by file_id;

-- Who takes a turn waits until it is theirs; a turn that is too far away is not taken.
-- name: BudgetTake :one
insert into roblox_budgets as b (organization_id, owner, kind, free_at)
values (app.org(), sqlc.arg(owner), sqlc.arg(kind), clock_timestamp() + sqlc.arg(pace)::interval)
on conflict (organization_id, owner, kind) do update set free_at = greatest(b.free_at, clock_timestamp()) + sqlc.arg(pace)::interval
 where b.free_at - clock_timestamp() <= sqlc.arg(burst)::interval + sqlc.arg(patience)::interval
returning greatest(extract(epoch from b.free_at - sqlc.arg(pace)::interval - sqlc.arg(burst)::interval - clock_timestamp()), 0)::double precision as wait;

-- name: BudgetHold :exec
insert into roblox_budgets as b (organization_id, owner, kind, free_at)
values (app.org(), sqlc.arg(owner), sqlc.arg(kind), clock_timestamp() + sqlc.arg(burst)::interval + sqlc.arg(hold)::interval)
on conflict (organization_id, owner, kind) do update set free_at = greatest(b.free_at, excluded.free_at);

-- name: PublicationInsert :exec
insert into roblox_publications (organization_id, id, connection_id, place_id, file_id, version_id, published, content_type, requested_by)
values (app.org(), sqlc.arg(id), sqlc.arg(connection_id), sqlc.arg(place_id), sqlc.arg(file_id), sqlc.arg(version_id), sqlc.arg(published), sqlc.arg(content_type), sqlc.arg(requested_by))
on conflict do nothing;

-- name: PublicationGet :one
select id, connection_id, place_id, file_id, version_id, published, content_type, state, code, number, claimed_at, created_at, ended_at from roblox_publications where id = sqlc.arg(id);

-- name: PublicationClaim :execrows
update roblox_publications set state = 'claimed', claimed_at = now() where id = sqlc.arg(id) and state = 'planned';

-- name: PublicationRelease :execrows
update roblox_publications set state = 'planned' where id = sqlc.arg(id) and state = 'claimed';

-- name: PublicationEnd :execrows
update roblox_publications set state = sqlc.arg(state), code = sqlc.arg(code), number = sqlc.narg(number), ended_at = now() where id = sqlc.arg(id) and ended_at is null;

-- name: PlaceSource :one
select f.id, f.current_id, v.size, v.mime_type, v.object_etag, f.name::text as name from files f join file_versions v on v.id = f.current_id
 where f.id = sqlc.arg(id) and f.trashed_at is null and v.status = 'published';

-- name: ErasureInsert :execrows
insert into roblox_erasures (organization_id, id, connection_id, notification_id, roblox_user_id)
values (app.org(), sqlc.arg(id), sqlc.arg(connection_id), sqlc.arg(notification_id), sqlc.arg(roblox_user_id)::bigint)
on conflict (organization_id, connection_id, notification_id) do nothing;

-- name: ErasureGet :one
select id, connection_id, roblox_user_id, done_at from roblox_erasures where id = sqlc.arg(id);

-- name: ErasureDone :exec
update roblox_erasures set done_at = now(), roblox_user_id = null where id = sqlc.arg(id) and done_at is null;

-- name: FigureKnown :one
select exists (select from roblox_figures where connection_id = sqlc.arg(connection_id) and kind = sqlc.arg(kind) and name = sqlc.arg(name) and read_at >= sqlc.arg(since)::timestamptz);

-- name: FigureKeep :exec
insert into roblox_figures (organization_id, connection_id, kind, name, day, numbers)
values (app.org(), sqlc.arg(connection_id), sqlc.arg(kind), sqlc.arg(name), sqlc.arg(day), sqlc.arg(numbers))
on conflict (organization_id, connection_id, kind, name, day) do update set numbers = excluded.numbers, read_at = now();

-- name: FigureForget :exec
delete from roblox_figures where connection_id = sqlc.arg(connection_id) and kind = 'progress' and name = sqlc.arg(name) and day < sqlc.arg(day);

-- name: FiguresForget :exec
delete from roblox_figures where connection_id = sqlc.arg(connection_id)
   and (kind = 'progress' and name <> all (sqlc.arg(names)::text[]) or kind = 'usage' and day < sqlc.arg(before)::timestamptz::date);

-- name: FigureList :many
select kind, name, day, numbers, read_at from roblox_figures
 where connection_id = sqlc.arg(connection_id) and (kind = 'progress' or day >= sqlc.arg(since)::timestamptz::date) order by kind, name, day;
