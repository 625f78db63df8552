package uploads

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// patchStatements is what a PATCH in the middle of an upload asks of the database:
// the statement that takes the lease gives the row, one transaction moves the
// offset, and one statement gives the lease back.
const patchStatements = 3

// TestAPatchReadsItsRowOnce counts what is asked of the database during one PATCH
// that neither begins nor ends an upload. The least of several counts: a lease
// is renewed when a PATCH takes long.
func TestAPatchReadsItsRowOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	c := b.serve(t, b.replica(t))
	const part, parts = 1000, 5
	whole := content(3, part*(parts+1))
	id := c.create(int64(len(whole))).id(t)
	least := int64(1 << 30)
	for i := range parts {
		before := b.db.Stat().AcquireCount
		require.Equal(t, http.StatusNoContent, c.patch(id, int64(i*part), whole[i*part:(i+1)*part]).status)
		least = min(least, b.db.Stat().AcquireCount-before)
	}
	require.EqualValues(t, patchStatements, least)
}
