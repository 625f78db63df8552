-- name: TextGet :one
select file_id, state, reason, language, title, body from file_texts where version_id = $1;

-- A text that is read late must not replace that of a newer version: the row names the
-- version that it waits for.
-- name: TextStore :execrows
update file_texts set state = sqlc.arg(state), reason = sqlc.arg(reason), language = sqlc.arg(language), title = sqlc.arg(title), body = sqlc.arg(body),
       lexemes = app.text_lexemes(sqlc.arg(language), sqlc.arg(title), sqlc.arg(body)), updated_at = now()
 where version_id = sqlc.arg(version_id) and state = 'pending';

-- name: TextAgain :execrows
update file_texts set state = 'pending', reason = '', asked_at = null, updated_at = now() where version_id = $1 and state = 'not_available_here';
