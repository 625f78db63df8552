-- name: Disclosure :one
select d.allowed::boolean as allowed, d.rule::text as rule, d.class::text as class
  from app.disclosure(app.org(), sqlc.arg(way)::text, sqlc.narg(file_id)::uuid, sqlc.narg(folder_id)::uuid, sqlc.narg(space_id)::uuid) d;

-- name: Bounds :one
select p.outside::boolean as outside, p.upload::boolean as upload, p.password::boolean as password, coalesce(p.days, 0)::integer as days,
       p.tier_outside::boolean as tier_outside, p.tier_upload::boolean as tier_upload
  from app.share_policy(app.org()) p;
