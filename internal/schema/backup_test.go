package schema_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
)

// TestBackupRoleReadsEverything: pg_dump as the role of backups has the rows of every
// organization, and the owner, on which the rules are forced, cannot make a dump at all.
func TestBackupRoleReadsEverything(t *testing.T) {
	t.Parallel()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump")
	require.NoError(t, err)
	if len(found) == 0 {
		t.Skip("needs pg_dump of a Debian package")
	}
	program := found[len(found)-1]
	d := pgtest.New(t)
	first, second := d.Organization(t, 1), d.Organization(t, 1)
	dump, err := exec.CommandContext(t.Context(), program, "--enable-row-security", "--role", "satchel_backup", d.AdminURL).CombinedOutput()
	require.NoError(t, err, string(dump))
	require.Contains(t, string(dump), "COPY public.storage_quotas")
	require.Contains(t, string(dump), "COPY months.audit_events_before", "and of partitions, which no other role reads")
	for _, org := range []string{first.String(), second.String()} {
		require.Contains(t, string(dump), org)
	}
	said, err := exec.CommandContext(t.Context(), program, d.OwnerURL).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(said), "row-level security")

	admin := d.Admin(t)
	_, err = admin.Exec(t.Context(), "set role satchel_backup")
	require.NoError(t, err)
	_, err = admin.Exec(t.Context(), "update organizations set name = 'x'")
	require.ErrorContains(t, err, "permission denied")
}
