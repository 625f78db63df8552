-- name: GenerationInsert :execrows
insert into generations (organization_id, id, requested_by, kind, language, level, items, topic, file_id, version_id, source_sha256, source_text, provider, model, prompt_version, prompt_sha256)
values (app.org(), sqlc.arg(id), sqlc.arg(requested_by), sqlc.arg(kind), sqlc.arg(language), sqlc.arg(level), sqlc.arg(items), sqlc.arg(topic), sqlc.narg(file_id), sqlc.narg(version_id),
        sqlc.arg(source_sha256), sqlc.arg(source_text), sqlc.arg(provider), sqlc.arg(model), sqlc.arg(prompt_version), sqlc.arg(prompt_sha256))
on conflict (organization_id, id) do nothing;

-- name: GenerationGet :one
select organization_id, id, requested_by, kind, language, level, items, topic, file_id, version_id, source_sha256, provider, model, prompt_version, prompt_sha256, state, code, revision, title, redactions,
       reserved_micro, spent_micro, format, answers, result_file_id, result_version_id, decided_by, decided_at, expires_at, created_at, updated_at, ended_at
  from generations where id = $1;

-- name: GenerationLock :one
select organization_id, id, requested_by, kind, language, level, items, topic, file_id, version_id, source_sha256, provider, model, prompt_version, prompt_sha256, state, code, revision, title, redactions,
       reserved_micro, spent_micro, format, answers, result_file_id, result_version_id, decided_by, decided_at, expires_at, created_at, updated_at, ended_at
  from generations where id = $1 for update;

-- name: GenerationList :many
select organization_id, id, requested_by, kind, language, level, items, topic, file_id, version_id, source_sha256, provider, model, prompt_version, prompt_sha256, state, code, revision, title, redactions,
       reserved_micro, spent_micro, format, answers, result_file_id, result_version_id, decided_by, decided_at, expires_at, created_at, updated_at, ended_at
  from generations
 where (sqlc.arg(state)::text = '' or state = sqlc.arg(state)) and (sqlc.narg(before)::uuid is null or id < sqlc.narg(before))
 order by id desc limit sqlc.arg(n);

-- name: GenerationSource :one
select source_text from generations where id = $1;

-- The text of a file as it is published now, with what decides whether it may be used.

-- name: SourceGet :one
select t.file_id, t.version_id, t.state, t.reason, t.body, v.sha256, v.contains_pii
  from file_texts t join files f on f.organization_id = t.organization_id and f.id = t.file_id and f.trashed_at is null
  join file_versions v on v.organization_id = t.organization_id and v.id = t.version_id
 where t.file_id = $1;

-- What a person who may read a file learns of one without a text.

-- name: SourceSeen :one
select exists (select from files where id = $1 and trashed_at is null);

-- The names that no model is given: of people, schools and the organization itself.

-- name: NamesKnown :many
select display_name::text as name from people where display_name <> ''
union select name from schools
union select name from organizations;

-- name: RevisionInsert :exec
insert into generation_revisions (organization_id, generation_id, number, document, made_by)
values (app.org(), sqlc.arg(generation_id), sqlc.arg(number), sqlc.arg(document), sqlc.narg(made_by));

-- name: RevisionGet :one
select number, document, made_by, created_at from generation_revisions where generation_id = $1 order by number desc limit 1;

-- name: RevisionDelete :exec
delete from generation_revisions where generation_id = $1;

-- name: GenerationDrafted :one
update generations set state = 'draft', revision = 1, title = sqlc.arg(title), redactions = sqlc.arg(redactions), model = sqlc.arg(model),
       expires_at = now() + sqlc.arg(life)::interval, updated_at = now()
 where id = sqlc.arg(id) and state = 'waiting'
returning requested_by;

-- name: GenerationDelete :exec
delete from generations where id = sqlc.arg(id) and ended_at is not null;

-- name: GenerationEdited :execrows
update generations set revision = revision + 1, title = sqlc.arg(title), updated_at = now()
 where id = sqlc.arg(id) and state = 'draft' and revision = sqlc.arg(revision);

-- name: GenerationApproved :execrows
update generations set state = 'approved', format = sqlc.arg(format), answers = sqlc.arg(answers), result_file_id = sqlc.arg(result_file_id), result_version_id = sqlc.arg(result_version_id),
       decided_by = sqlc.arg(decided_by), decided_at = now(), updated_at = now()
 where id = sqlc.arg(id) and state = 'draft' and revision = sqlc.arg(revision);

-- The end by a person: nothing of the text stays.

-- name: GenerationRefused :execrows
update generations set state = sqlc.arg(state), source_text = '', title = '', decided_by = sqlc.arg(decided_by), decided_at = now(), ended_at = now(), updated_at = now()
 where id = sqlc.arg(id) and state in ('waiting', 'draft');

-- name: GenerationEnded :execrows
update generations set state = sqlc.arg(state), code = sqlc.arg(code), source_text = '', title = case when sqlc.arg(state)::text = 'published' then title else '' end, ended_at = now(), updated_at = now()
 where id = sqlc.arg(id) and ended_at is null;

-- name: AnswerGet :one
select finish, body, model, request_id from generation_answers where generation_id = $1 and round = $2 and request_sha256 = $3;

-- name: AnswerOfRound :one
select finish, body, model, request_id from generation_answers where generation_id = $1 and round = $2 order by created_at limit 1;

-- name: AnswerInsert :execrows
insert into generation_answers (organization_id, generation_id, round, request_sha256, finish, body, model, request_id)
values (app.org(), sqlc.arg(generation_id), sqlc.arg(round), sqlc.arg(request_sha256), sqlc.arg(finish), sqlc.arg(body), sqlc.arg(model), sqlc.arg(request_id))
on conflict do nothing;

-- name: AnswerDelete :exec
delete from generation_answers where generation_id = $1;

-- What is set aside is counted at once: what two requests see of a sum is never the same.

-- name: GenerationReserve :execrows
update generations set reserved_micro = reserved_micro + sqlc.arg(micro)::bigint
 where id = sqlc.arg(id) and ended_at is null and reserved_micro + spent_micro + sqlc.arg(micro)::bigint <= sqlc.arg(cap)::bigint;

-- name: SpendingOpen :exec
insert into generation_spending (organization_id, period, starts_on) values (app.org(), $1, $2) on conflict do nothing;

-- name: SpendingReserve :execrows
update generation_spending set reserved_micro = reserved_micro + sqlc.arg(micro)::bigint
 where period = sqlc.arg(period) and starts_on = sqlc.arg(starts_on) and reserved_micro + spent_micro + sqlc.arg(micro)::bigint <= sqlc.arg(cap)::bigint;

-- name: ChargeInsert :exec
insert into generation_charges (organization_id, id, generation_id, round, day, reserved_micro)
values (app.org(), sqlc.arg(id), sqlc.arg(generation_id), sqlc.arg(round), sqlc.arg(day), sqlc.arg(reserved_micro));

-- name: ChargeOpen :many
select id from generation_charges where generation_id = $1 and outcome = 'reserved' order by id;

-- name: ChargeSettle :one
update generation_charges set outcome = sqlc.arg(outcome), cost_micro = case when sqlc.arg(outcome)::text = 'unknown' then reserved_micro else sqlc.arg(cost_micro)::bigint end,
       input_tokens = sqlc.arg(input_tokens), output_tokens = sqlc.arg(output_tokens), settled_at = now()
 where id = sqlc.arg(id) and outcome = 'reserved'
returning generation_id, day, reserved_micro, cost_micro;

-- name: GenerationSettle :exec
update generations set reserved_micro = reserved_micro - sqlc.arg(reserved)::bigint, spent_micro = spent_micro + sqlc.arg(cost)::bigint where id = sqlc.arg(id);

-- name: SpendingSettle :exec
update generation_spending set reserved_micro = reserved_micro - sqlc.arg(reserved)::bigint, spent_micro = spent_micro + sqlc.arg(cost)::bigint, calls = calls + 1,
       input_tokens = input_tokens + sqlc.arg(input_tokens)::bigint, output_tokens = output_tokens + sqlc.arg(output_tokens)::bigint
 where period = sqlc.arg(period) and starts_on = sqlc.arg(starts_on);

-- name: SpendingList :many
select period, starts_on, reserved_micro, spent_micro, calls, input_tokens, output_tokens from generation_spending
 where period = 'day' and starts_on >= sqlc.arg(since)::date or period = 'month' and starts_on >= sqlc.arg(since_month)::date
 order by period, starts_on desc;
