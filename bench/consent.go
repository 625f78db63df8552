package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/tenancy"
)

// children is how often a child's file is begun on each side: an organization has at most 1,000 uploads open.
const children = 900

// consent begins files of a child with a parent's consent, in one database as it is and in another whose
// files are not asked for their basis, in turns. The difference is what the decision costs on the way of an upload.
// A form asks once more, before its bytes are stored: that question is compared with one that asks nothing.
func (b *bench) consent(ctx context.Context) error {
	gated, err := b.childrensSchool(ctx, "bench_consent")
	if err != nil {
		return err
	}
	defer gated.close(ctx)
	free, err := b.childrensSchool(ctx, "bench_without")
	if err != nil {
		return err
	}
	defer free.close(ctx)
	if _, err := free.admin.Exec(ctx, "alter table files disable trigger b_consent"); err != nil {
		return err
	}
	var with, without, asked, nothing []time.Duration
	for i := range children + 50 {
		of, err := gated.begin(ctx)
		if err != nil {
			return err
		}
		bare, err := free.begin(ctx)
		if err != nil {
			return err
		}
		before, err := gated.ask(ctx, "select app.may_collect($1, null, null)")
		if err != nil {
			return err
		}
		empty, err := gated.ask(ctx, "select $1::uuid is not null")
		if err != nil {
			return err
		}
		if i >= 50 {
			with, without, asked, nothing = append(with, of), append(without, bare), append(asked, before), append(nothing, empty)
		}
	}
	cost := quantile(with, .5) - quantile(without, .5)
	b.add("consent decision, upload", cost, "ms p50", "≤ 0.2", cost <= .2, "%d alternating pairs of a child's new file with a parent's consent: %.3f ms p50 (%.3f p95) with the gate, %.3f (%.3f) without",
		len(with), quantile(with, .5), quantile(with, .95), quantile(without, .5), quantile(without, .95))
	before := quantile(asked, .5) - quantile(nothing, .5)
	b.add("consent question of a form", before, "ms p50", "≤ 0.2", before <= .2, "%d alternating pairs: %.3f ms p50, a question that asks nothing %.3f", len(asked), quantile(asked, .5), quantile(nothing, .5))
	return nil
}

// childrens is a school of 5,000 children, each with a parent's consent, and a thousand files.
type childrens struct {
	*scratch
	org   tenancy.OrgID
	child uuid.UUID
}

func (b *bench) childrensSchool(ctx context.Context, name string) (*childrens, error) {
	s, err := b.scratch(ctx, name)
	if err != nil {
		return nil, err
	}
	orgs, err := s.schools(ctx, 1, 1000)
	if err != nil {
		s.close(ctx)
		return nil, err
	}
	c := &childrens{scratch: s, org: orgs[0], child: tenancy.NewID()}
	for _, sql := range []string{
		"create temporary table pupils as select case n when 1 then $2::uuid else app.new_id() end as id, app.new_id() as guardian from generate_series(1, 5000) n where $1::uuid is not null",
		"insert into users (id) select id from pupils where $1::uuid is not null and $2::uuid is not null union all select guardian from pupils",
		"insert into members (organization_id, user_id, role) select $1::uuid, id, 'student' from pupils where $2::uuid is not null",
		"insert into people (organization_id, user_id, kind, display_name, thirteen_from) select $1::uuid, id, 'student', 'Pupil', current_date + 365 from pupils where $2::uuid is not null",
		"insert into consent_decisions (organization_id, id, child_id, guardian_id, kind, method, scopes) select $1::uuid, app.new_id(), id, guardian, 'grant', 'email_plus', '{collect_use}' from pupils where $2::uuid is not null",
	} {
		if _, err := s.admin.Exec(ctx, sql, c.org.UUID(), c.child); err != nil {
			s.close(ctx)
			return nil, fmt.Errorf("%.60s: %w", sql, err)
		}
	}
	if _, err := s.admin.Exec(ctx, "vacuum analyze"); err != nil {
		s.close(ctx)
		return nil, err
	}
	return c, nil
}

// begin makes the row of a new file of the child and times that.
func (c *childrens) begin(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	err := c.InTx(ctx, c.org, func(tx *tenancy.Tx) error {
		_, err := files.Create(ctx, tx, files.New{Name: "essay.txt", Size: 10, UploadedBy: c.child, Space: c.org.UUID(), TTL: time.Hour})
		return err
	})
	return time.Since(began), err
}

// ask times a question that the child asks.
func (c *childrens) ask(ctx context.Context, sql string) (time.Duration, error) {
	var yes bool
	ctx = tenancy.WithActor(ctx, tenancy.Actor{Org: c.org, User: c.child, Role: tenancy.Student})
	began := time.Now()
	err := c.Single(c.org).QueryRow(ctx, sql, c.org.UUID()).Scan(&yes)
	return time.Since(began), err
}
