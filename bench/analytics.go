package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/google/uuid"

	"satchel/analytics"
	"satchel/analytics/render"
	"satchel/analytics/reports"
	"satchel/tenancy"
)

// A day of many organizations, and a report of many rows.
const (
	analyticsOrgs   = 1_000
	analyticsEvents = 200 // of each
	reportRows      = 100_000
	reportClasses   = 1_000
)

// analytics measures the roll-up of a day, and a report of many rows in the format that
// takes most.
func (b *bench) analytics(ctx context.Context) error {
	s, err := b.scratch(ctx, "bench_analytics")
	if err != nil {
		return err
	}
	defer s.close(ctx)
	if err := s.busyDay(ctx); err != nil {
		return err
	}
	began := time.Now()
	after, n := uuid.Nil, 0
	for {
		orgs, err := s.ActivityBehind(ctx, 15*time.Minute, after, 100)
		if err != nil {
			return err
		}
		if len(orgs) == 0 {
			break
		}
		for _, org := range orgs {
			if err := reports.CatchUp(ctx, s.DB, org); err != nil {
				return err
			}
			after, n = org.UUID(), n+1
		}
	}
	took := time.Since(began)
	b.add("roll-up of a day", took.Seconds(), "s", "≤ 30", took <= 30*time.Second && n == analyticsOrgs, "%d organizations with %d events each, one after the other", n, analyticsEvents)
	return b.report(ctx, s)
}

func (s *scratch) busyDay(ctx context.Context) error {
	for _, sql := range []string{
		fmt.Sprintf("insert into organizations (id, slug, name, tier) select gen_random_uuid(), 'o-' || g, 'School', 'basic' from generate_series(1, %d) g", analyticsOrgs),
		fmt.Sprintf(`insert into audit_events (organization_id, seq, event, hash, at, action, actor, object, object_id, result)
			select o.id, g, json_build_object('role', case g %% 10 when 0 then 'teacher' else 'student' end, 'key', '')::text, sha256('h'), now() - g * interval '5 minutes',
			       (array['file.read', 'file.read', 'file.upload', 'file.change', 'folder.hand_in'])[1 + g %% 5], md5(o.id::text || g %% 50)::uuid::text, 'file', '', 'done'
			  from organizations o, generate_series(1, %d) g where o.tier = 'basic'`, analyticsEvents),
		fmt.Sprintf("insert into audit_heads (organization_id, seq) select id, %d from organizations where tier = 'basic'", analyticsEvents),
		"analyze",
	} {
		if _, err := s.admin.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// report reads the hand-ins of many classes and writes them as a workbook.
func (b *bench) report(ctx context.Context, s *scratch) error {
	org := tenancy.OrgID(tenancy.NewID())
	for _, sql := range []string{
		"insert into organizations (id, slug, name, tier) values ($1, 'large', 'Large district', 'enterprise')",
		fmt.Sprintf("insert into classes (organization_id, id, title) select $1::uuid, md5('c' || g)::uuid, 'Class ' || g from generate_series(1, %d) g", reportClasses),
		"insert into spaces (organization_id, id, kind, name, class_id) select $1::uuid, id, 'class', title, id from classes where organization_id = $1::uuid",
		"insert into space_members (organization_id, space_id, user_id, via, source_id, level) select $1::uuid, c.id, md5(c.id::text || g)::uuid, 'roster', c.id, 2 from classes c, generate_series(1, 25) g where c.organization_id = $1::uuid",
		fmt.Sprintf("insert into folders (organization_id, id, space_id, name, mode, due_at, created_by) select $1::uuid, md5(c.id::text || 'f' || g)::uuid, c.id, 'Essay ' || g, 'handin', now() - interval '1 day', c.id from classes c, generate_series(1, %d) g where c.organization_id = $1::uuid", reportRows/reportClasses),
		"insert into hand_ins (organization_id, folder_id, student_id, handed_in_at) select $1::uuid, d.id, md5(d.space_id::text || g)::uuid, now() - interval '2 days' + g * interval '2 hours' from folders d, generate_series(1, 20) g where d.organization_id = $1::uuid",
	} {
		if _, err := s.admin.Exec(ctx, sql, org); err != nil {
			return err
		}
	}
	if _, err := s.admin.Exec(ctx, "analyze"); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "bench-report-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	runtime.GC()
	most := watchMemory()
	began := time.Now()
	about, err := reports.ReadAbout(ctx, s.Single(org), uuid.Nil)
	if err != nil {
		return err
	}
	today := analytics.Date(time.Now(), time.UTC)
	reader := &reports.Reader{All: s.Single(org), About: about, Now: time.Now()}
	d, err := reader.Read(ctx, reports.Report{Definition: analytics.Definition{Kind: analytics.HandIns}, Period: analytics.Period{From: today.AddDate(0, 0, -3), To: today}})
	if err != nil {
		return err
	}
	if err := render.Render(io.Discard, d, analytics.XLSX, folder); err != nil {
		return err
	}
	took, memory := time.Since(began), most()
	b.add("report of 100,000 rows", took.Seconds(), "s", "≤ 10", took <= 10*time.Second && d.Rows() == reportRows, "figures, hidden groups and the workbook: %d rows", d.Rows())
	b.add("its memory", memory, "MiB", "≤ 128", memory <= 128, "the most that this program took from the system for its heap, every 10 ms")
	return nil
}

// watchMemory gives a function that says how much the heap took at most since then.
func watchMemory() func() float64 {
	stop, result := make(chan struct{}), make(chan float64)
	go func() {
		var most uint64
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-stop:
				result <- float64(most) / (1 << 20)
				return
			case <-tick.C:
			}
		}
	}()
	return func() float64 { close(stop); return <-result }
}
