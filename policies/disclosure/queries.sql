-- name: Disclosure :one
select d.allowed::boolean as allowed, d.rule::text as rule, d.class::text as class
  from app.disclosure_on(app.org(), sqlc.arg(way)::text, sqlc.narg(file_id)::uuid, sqlc.narg(folder_id)::uuid, sqlc.narg(space_id)::uuid, sqlc.arg(basis)::text, sqlc.narg(consent)::uuid, sqlc.arg(parties)::text[]) d;

-- name: Bounds :one
select p.outside::boolean as outside, p.upload::boolean as upload, p.password::boolean as password, coalesce(p.days, 0)::integer as days,
       p.tier_outside::boolean as tier_outside, p.tier_upload::boolean as tier_upload
  from app.share_policy(app.org()) p;

-- Nothing is written for what is no record of a student.
-- name: DisclosureNote :exec
select app.disclosure_note(app.org(), sqlc.arg(way)::text, sqlc.arg(file_id)::uuid, sqlc.arg(outcome)::text, sqlc.arg(rule)::text, sqlc.arg(basis)::text, ''::text,
                           sqlc.arg(party)::text, null::uuid, null::uuid, app.actor(), sqlc.arg(unit)::text);

-- name: DisclosureOpened :exec
select app.disclosure_opened(app.org(), sqlc.arg(share_id)::uuid, sqlc.arg(basis)::text, sqlc.arg(interest)::text);
