package tenancy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// guardQuery reads from the live catalog what would make row-level security a
// decoration: a role that steps around it, a table of tenants without it.
const guardQuery = `
select case when r.rolsuper then 'the role is a superuser' end,
       case when r.rolbypassrls then 'the role has BYPASSRLS' end,
       (select 'the role owns ' || string_agg(c.relname, ', ')
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relowner = r.oid),
       (select 'the role is a member of the owner of ' || string_agg(distinct c.relname, ', ')
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relkind = 'r' and c.relowner <> r.oid
           and pg_has_role(r.oid, c.relowner, 'MEMBER')),
       (select 'no forced row-level security with a policy on ' || string_agg(c.relname, ', ')
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
          join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped
         where n.nspname = 'public' and c.relkind in ('r', 'p')
           and not (c.relrowsecurity and c.relforcerowsecurity
                    and exists (select 1 from pg_policy p where p.polrelid = c.oid))),
       (select 'the role is a member of ' || string_agg(distinct s.rolname, ', ') || ', which sees every organization'
          from pg_policy p join pg_roles s on s.oid = any (p.polroles)
         where pg_get_expr(p.polqual, p.polrelid) = 'true' and pg_has_role(r.oid, s.oid, 'MEMBER'))
  from pg_roles r where r.rolname = current_user`

// checkRole refuses to start with a database that would not keep tenants apart.
func (d *DB) checkRole(ctx context.Context) error {
	why, err := guard(ctx, d.pool)
	if err == nil && why != "" {
		err = errors.New(why)
	}
	return err
}

// guard says why a database would not keep tenants apart; "" when it does.
func guard(ctx context.Context, q interface {
	QueryRow(context.Context, string, ...any) pgx.Row
}) (why string, err error) {
	found := make([]*string, 6)
	row := q.QueryRow(ctx, guardQuery)
	if err := row.Scan(&found[0], &found[1], &found[2], &found[3], &found[4], &found[5]); err != nil {
		return "", fmt.Errorf("database guard: %w", err)
	}
	var all []string
	for _, f := range found {
		if f != nil {
			all = append(all, *f)
		}
	}
	if len(all) == 0 {
		return "", nil
	}
	return fmt.Sprintf("refusing to start: %s. Use the app role that `migrate up` creates", strings.Join(all, "; ")), nil
}
