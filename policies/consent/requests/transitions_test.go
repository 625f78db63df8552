package requests_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/policies/consent/requests"
	"satchel/tenancy"
)

var update = flag.Bool("update", false, "write the table of docs/compliance/consent-requests.md")

var ended = []string{requests.Denied, requests.Expired, requests.Revoked, requests.AgedOut, requests.Void}

// TestOnlyTheTableMovesARequest: of every two states, the database lets a request go from one to
// the other exactly where the table says so, by whatever statement.
func TestOnlyTheTableMovesARequest(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1<<20)
	child, guardian, id := d.Member(t, org, tenancy.Student), d.Member(t, org, tenancy.Parent), tenancy.NewID()
	exec := func(sql string, args ...any) error {
		_, err := d.Single(org).Exec(t.Context(), sql, args...)
		return err
	}
	require.NoError(t, exec(`insert into consent_notices (organization_id, id, number, language, material, body, body_sha256) select app.org(), $1, 1, 'en', false, b, encode(sha256(convert_to(b, 'UTF8')), 'hex')
		from (values ('{"summary":"s","collected":"c","used":"u","disclosed":"d","third_parties":[],"consent_required":"r","online_notice":"https://a.example","means":"m","contact_deleted":"c","rights":"r"}')) v (b)`, id))
	require.NoError(t, exec("insert into consent_decisions (organization_id, id, child_id, guardian_id, kind, method, scopes) values (app.org(), $1, $2, $3, 'grant', 'email_plus', '{collect_use}')", id, child, guardian))
	allowed := map[[2]string]bool{}
	table, err := requests.Transitions(t.Context(), d.Single(org))
	require.NoError(t, err)
	events := map[[2]string]bool{}
	for _, r := range table {
		require.False(t, events[[2]string{r.FromState, r.Event}], "%s of %s is in the table once", r.Event, r.FromState)
		events[[2]string{r.FromState, r.Event}] = true
		allowed[[2]string{r.FromState, r.ToState}] = true
		require.Equal(t, slices.Contains(ended, r.ToState), r.Ends, r.ToState)
		require.False(t, slices.Contains(ended, r.FromState), "nothing follows an end")
		require.Contains(t, requests.States, r.ToState)
	}
	columns := func(state string) string { // what the CHECKs ask of a state
		set := "state = '" + state + "', contact_sealed = 's', contact_hash = sha256('a'), notice_id = '" + id.String() + "', grant_id = '" + id.String() + "', confirm_at = now(), ended_at = null"
		if slices.Contains(ended, state) {
			set = "state = '" + state + "', contact_sealed = null, ended_at = now()"
		}
		return set
	}
	for _, from := range append([]string{""}, requests.States...) {
		for _, to := range requests.States {
			request := uuid.New()
			err := place(t.Context(), d.Admin(t), org, request, child, guardian, from, columns)
			require.NoError(t, err, from)
			if from == "" {
				err = exec("insert into consent_requests (organization_id, id, child_id, guardian_id, expires_at) values (app.org(), $1, $2, $3, now())", request, child, guardian)
				require.NoError(t, err)
				require.Equal(t, to == requests.Required, allowed[[2]string{"", to}])
			} else {
				err = exec("update consent_requests set "+columns(to)+" where id = $1", request)
				if allowed[[2]string{from, to}] || from == to {
					require.NoError(t, err, "%s to %s", from, to)
				} else {
					require.ErrorContains(t, err, fmt.Sprintf("does not go from %s to %s", from, to))
				}
			}
			require.NoError(t, exec("delete from consent_requests"))
		}
	}
}

// place puts a request into a state, whatever the rules say.
func place(ctx context.Context, admin *pgx.Conn, org tenancy.OrgID, id, child, guardian uuid.UUID, state string, columns func(string) string) error {
	if state == "" {
		return nil
	}
	if _, err := admin.Exec(ctx, "insert into consent_requests (organization_id, id, child_id, guardian_id, expires_at) values ($1, $2, $3, $4, now())", org, id, child, guardian); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, admin, func(tx pgx.Tx) error {
		for _, sql := range []string{
			"alter table consent_requests disable trigger a_moves",
			"update consent_requests set " + columns(state) + " where id = '" + id.String() + "'",
			"alter table consent_requests enable trigger a_moves",
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}

// TestTheTableInTheDocs is the one that the database has.
func TestTheTableInTheDocs(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	table, err := requests.Transitions(t.Context(), d.Single(d.Organization(t, 1<<20)))
	require.NoError(t, err)
	var b strings.Builder
	b.WriteString("\n| from | event | to | rule |\n|---|---|---|---|\n")
	for _, r := range table {
		from := "`" + r.FromState + "`"
		if r.FromState == "" {
			from = "nothing"
		}
		fmt.Fprintf(&b, "| %s | %s | `%s` | %s |\n", from, r.Event, r.ToState, r.Rule)
	}
	const path, begin, end = "../../../docs/compliance/consent-requests.md", "<!-- transitions -->", "<!-- end of transitions -->"
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(page), begin)
	require.True(t, found)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found)
	want := before + begin + b.String() + end + after
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(page), "run with -update")
}
