package tenancy_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// open connects as the application with at most n connections.
func open(t testing.TB, url string, n int32) *tenancy.DB {
	t.Helper()
	db, err := tenancy.Open(t.Context(), tenancy.Config{URL: url, MaxConns: n, Timeout: time.Minute})
	require.NoError(t, err)
	t.Cleanup(func() {
		// Close would wait for ever for a connection that a failed test lost.
		if db.Stat().Acquired == 0 {
			db.Close()
		}
	})
	return db
}

// single gives a database with one connection, which every caller must share,
// and two organizations.
func single(t testing.TB) (d *pgtest.Database, db *tenancy.DB, a, b tenancy.OrgID) {
	t.Helper()
	d = pgtest.New(t)
	return d, open(t, d.AppURL, 1), d.Organization(t, 1<<30), d.Organization(t, 1<<30)
}

const insert = "insert into operations (organization_id, id, kind, workflow_id) values (app.org(), $1, $2, '')"

func count(t testing.TB, q tenancy.Queries) (n int) {
	t.Helper()
	require.NoError(t, q.QueryRow(t.Context(), "select count(*) from operations").Scan(&n))
	return n
}

// requireUnbound looks at the pool's connections as a borrower without an
// organization would: nothing may be set, nothing may be seen, and nothing may
// still be lent out.
func requireUnbound(t testing.TB, db *tenancy.DB) {
	t.Helper()
	// A connection that was lost would otherwise be waited for without end.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var org string
	var seen int
	row := db.Pool().QueryRow(ctx,
		"select coalesce(current_setting('app.current_org_id', true), ''), (select count(*) from operations) + (select count(*) from organizations)")
	require.NoError(t, row.Scan(&org, &seen))
	require.Zero(t, db.Stat().Acquired, "a connection was not given back")
	require.Empty(t, org, "the connection still speaks for an organization")
	require.Zero(t, seen, "rows are visible without an organization")
}

// whenRunning calls then as soon as the server shows a running statement with
// this mark, and at the latest when the test gives up.
func whenRunning(t testing.TB, admin *pgx.Conn, mark string, then func()) {
	t.Helper()
	done := make(chan struct{})
	ctx := t.Context()
	go func() {
		defer close(done)
		defer then()
		for ctx.Err() == nil {
			var running bool
			err := admin.QueryRow(ctx, `select exists (select from pg_stat_activity where datname = current_database()
				and state = 'active' and pid <> pg_backend_pid() and query like '%' || $1 || '%')`, mark).Scan(&running)
			if err != nil || running {
				return
			}
		}
	}()
	t.Cleanup(func() { <-done })
}

// line is a TCP way to the database that a test can cut.
type line struct {
	listener net.Listener
	mu       sync.Mutex
	conns    []net.Conn
}

func newLine(t testing.TB, target string) (l *line, throughLine string) {
	t.Helper()
	u, err := url.Parse(target)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l = &line{listener: listener}
	server := u.Host
	go l.serve(server)
	t.Cleanup(l.cut)
	u.Host = listener.Addr().String()
	return l, u.String()
}

func (l *line) serve(server string) {
	for {
		in, err := l.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", server)
		if err != nil {
			_ = in.Close()
			continue
		}
		l.mu.Lock()
		l.conns = append(l.conns, in, out)
		l.mu.Unlock()
		go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
		go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
	}
}

// cut ends every connection and refuses new ones.
func (l *line) cut() {
	_ = l.listener.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		_ = c.Close()
	}
}
