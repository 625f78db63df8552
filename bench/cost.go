package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	api "satchel/client"
	"satchel/tenancy"
	"satchel/workflows/upload"
)

const (
	costFiles = 100
	costBytes = 4 << 10
	// PostgreSQL tells what a connection did when that has been idle for ten seconds.
	statisticsSettle = 12 * time.Second
)

// spending is what PostgreSQL has done so far, and the processor time of each program.
type spending struct {
	commits, syncs, records, bytes, updates, inserts float64
	tables                                           map[string]float64 // row updates by table
	at                                               time.Time
	cpu                                              cpu
}

// cost counts what a small text file takes from its request to its publication: commits, syncs
// and row updates of PostgreSQL, events and tasks of Temporal, and processor time. All but the
// last are the same on a busy machine. Previews, the text for searches and the look for
// personal data are left out: the tier has no previews, and the sweeps find what the
// measurement made only after it.
func (b *bench) cost(ctx context.Context) error {
	org, c, err := b.school(ctx)
	if err != nil {
		return err
	}
	if err := b.Operator().Call(ctx, "PUT", "/api/v1/admin/tiers/unhurried", map[string]any{"max_members": 1000, "max_bytes": int64(1) << 40, "max_file_size": int64(4) << 30,
		"requests_per_minute": 10_000_000, "concurrent_uploads": 10_000, "concurrent_scans": 16, "renditions": false, "features": []string{"api_keys"}}, nil); err != nil {
		return err
	}
	root, err := b.Root(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close(context.WithoutCancel(ctx)) }()
	restart, err := holdSweeps(ctx, root)
	if err != nil {
		return err
	}
	defer restart()
	if _, err := b.sendMany(ctx, root, org, c, 20); err != nil { // warms both ways up
		return err
	}
	var before, idle, after spending
	own := 0 // statements by which the measurement itself asks, each a commit
	for i, at := range []*spending{&before, &idle, &after} {
		if i == 2 {
			if own, err = b.sendMany(ctx, root, org, c, costFiles); err != nil {
				return err
			}
		}
		pause(ctx, int(statisticsSettle.Milliseconds()))
		if *at, err = b.spent(ctx, root); err != nil {
			return err
		}
	}
	// What the platform does by itself goes on meanwhile.
	share := after.at.Sub(idle.at).Seconds() / idle.at.Sub(before.at).Seconds()
	each := func(of func(spending) float64) float64 {
		return (of(after) - of(idle) - share*(of(idle)-of(before))) / costFiles
	}
	commits, syncs, updates := each(func(s spending) float64 { return s.commits })-float64(own)/costFiles, each(func(s spending) float64 { return s.syncs }), each(func(s spending) float64 { return s.updates })
	how := fmt.Sprintf("%d texts of 4 KiB by form, 4 at a time, less what an idle stack does", costFiles)
	b.add("a small file: commits", commits, "", "≤ 6", commits <= 6.5, "%s; %.1f row inserts, %.0f WAL records, %.1f KiB of WAL", how,
		each(func(s spending) float64 { return s.inserts }), each(func(s spending) float64 { return s.records }), each(func(s spending) float64 { return s.bytes })/1024)
	b.add("a small file: WAL syncs", syncs, "", "≤ 3", syncs <= 3.5, "the same files")
	b.add("a small file: row updates", updates, "", "≤ 8", updates <= 8.5, "%s", tablesOf(after, func(name string) float64 {
		return each(func(s spending) float64 { return s.tables[name] })
	}))
	total, by := 0.0, map[string]float64{}
	for name := range after.cpu {
		by[name] = each(func(s spending) float64 { return float64(s.cpu[name]) })
		if name != "bench" {
			total += by[name]
		}
	}
	b.add("a small file: processor time", total, "ms", "≤ 28", total <= 28, "temporal %.1f, postgres %.1f, worker %.1f, api %.1f, store %.1f, clamd %.1f", by["temporal"], by["postgres"], by["worker"], by["api"], by["s3"], by["clamd"])
	b.add("a small file: Temporal", by["temporal"], "ms", "≤ 12", by["temporal"] <= 12, "processor time of the server")
	return b.histories(ctx, root, org)
}

// tablesOf tells the tables with most updates a file.
func tablesOf(after spending, each func(string) float64) string {
	names := slices.SortedFunc(maps.Keys(after.tables), func(a, b string) int { return cmp.Compare(each(b), each(a)) })
	var told []string
	for _, name := range names {
		if n := each(name); n >= .05 {
			told = append(told, fmt.Sprintf("%s %.1f", name, n))
		}
	}
	return strings.Join(told, ", ")
}

// holdSweeps lets new rows of the two outboxes look as if they had just been asked for.
func holdSweeps(ctx context.Context, root *pgx.Conn) (restart func(), err error) {
	_, err = root.Exec(ctx, `create or replace function app.bench_later() returns trigger language plpgsql as $$ begin new.asked_at := now(); return new; end $$;
		grant execute on function app.bench_later() to public;
		create or replace trigger bench_later before insert on file_texts for each row execute function app.bench_later();
		create or replace trigger bench_later before insert on pii_inspections for each row execute function app.bench_later()`)
	return func() {
		_, _ = root.Exec(context.WithoutCancel(ctx), `drop trigger if exists bench_later on file_texts; drop trigger if exists bench_later on pii_inspections; drop function if exists app.bench_later()`)
	}, err
}

func (b *bench) spent(ctx context.Context, root *pgx.Conn) (spending, error) {
	s := spending{at: time.Now(), cpu: b.used()}
	err := root.QueryRow(ctx, `select (select xact_commit from pg_stat_database where datname = current_database()), wal_sync, wal_records, wal_bytes,
			(select sum(n_tup_upd) from pg_stat_user_tables), (select sum(n_tup_ins) from pg_stat_user_tables) from pg_stat_wal`).
		Scan(&s.commits, &s.syncs, &s.records, &s.bytes, &s.updates, &s.inserts)
	if err != nil {
		return s, err
	}
	rows, err := root.Query(ctx, `select relname::text, n_tup_upd::float8 from pg_stat_user_tables where n_tup_upd > 0`)
	if err != nil {
		return s, err
	}
	var name string
	var n float64
	s.tables = map[string]float64{}
	_, err = pgx.ForEachRow(rows, []any{&name, &n}, func() error { s.tables[name] = n; return nil })
	return s, err
}

// sendMany sends different small texts, four at a time, and waits until all are published. The
// rows are asked by another connection, so that nothing of the API is counted that is not the upload;
// asked says how often.
func (b *bench) sendMany(ctx context.Context, root *pgx.Conn, org string, c *api.Client, n int) (asked int, err error) {
	var before, now int
	const published = `select count(*) from file_versions where organization_id = $1 and status = 'published'`
	if err := root.QueryRow(ctx, published, org).Scan(&before); err != nil {
		return 0, err
	}
	jobs, errs := make(chan struct{}, n), make(chan error, 4)
	for range n {
		jobs <- struct{}{}
	}
	close(jobs)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range jobs {
				if err := sendText(ctx, c); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	var failed error
	for err := range errs {
		failed = errors.Join(failed, err)
	}
	asked = 1
	for until := time.Now().Add(2 * time.Minute); failed == nil; pause(ctx, 250) {
		asked++
		if err := root.QueryRow(ctx, published, org).Scan(&now); err != nil || now >= before+n {
			return asked, err
		}
		if ctx.Err() != nil || time.Now().After(until) {
			return asked, fmt.Errorf("%d of %d files were published in two minutes", now-before, n)
		}
	}
	return asked, failed
}

// sendText sends one text that no cache knows, as a form.
func sendText(ctx context.Context, c *api.Client) error {
	noise := make([]byte, costBytes/2)
	_, _ = rand.Read(noise)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", hex.EncodeToString(noise[:8])+".txt")
	if err != nil {
		return err
	}
	_, _ = part.Write([]byte(hex.EncodeToString(noise)))
	_ = form.Close()
	resp, err := c.Send(ctx, http.MethodPost, "/api/v1/storage/upload", http.Header{"Content-Type": {form.FormDataContentType()}}, &body)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// histories counts what Temporal keeps of the last files.
func (b *bench) histories(ctx context.Context, root *pgx.Conn, org string) error {
	rows, err := root.Query(ctx, `select id from file_versions where organization_id = $1 order by received_at desc limit 20`, org)
	if err != nil {
		return err
	}
	versions, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return err
	}
	temporal, err := client.DialContext(ctx, client.Options{HostPort: b.Temporal, Namespace: "satchel", Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		return fmt.Errorf("connect to Temporal: %w", err)
	}
	defer temporal.Close()
	whose, err := tenancy.ParseOrgID(org)
	if err != nil {
		return err
	}
	events, tasks := 0, 0
	for _, v := range versions {
		history := temporal.GetWorkflowHistory(ctx, upload.WorkflowID(whose, v), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for history.HasNext() {
			e, err := history.Next()
			if err != nil {
				return err
			}
			events++
			if e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
				tasks++
			}
		}
	}
	n := float64(len(versions))
	b.add("a small file: workflow tasks", float64(tasks)/n, "", "1", float64(tasks) <= 1.1*n, "%.1f events of the history of each of the last %d", float64(events)/n, len(versions))
	return nil
}
