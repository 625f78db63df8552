package api

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/tenancy"
)

var parameter = regexp.MustCompile(`\{(\w+)\}`)

// TestConsoleShowsWhatIsGranted makes every call of the console's pages for managers
// and operators as every role. The list of web/src/app says under which grant the
// page shows it: who has the grant is not refused, and everybody else is.
func TestConsoleShowsWhatIsGranted(t *testing.T) {
	t.Parallel()
	listed, err := os.ReadFile("../web/src/app/calls.json")
	require.NoError(t, err)
	var calls map[tenancy.Action][]string
	require.NoError(t, json.Unmarshal(listed, &calls))
	b := setup(t)
	routes := map[string]Route{}
	for _, r := range b.api.Routes() {
		routes[r.Method+" "+r.Path] = r
	}
	org, asked, refused := b.organization(), 0, 0
	for _, role := range tenancy.Roles {
		home := org
		if role == tenancy.Operator {
			home = tenancy.Platform
		}
		p := b.person(home, role)
		for action, of := range calls {
			require.Contains(t, tenancy.Grants, action)
			shown := slices.Contains(tenancy.Grants[action], role)
			for _, call := range of {
				r, there := routes[parameter.ReplaceAllString(call, ":$1")]
				require.True(t, there, "the console calls %s, which is no route", call)
				a := p.call(r.Method, strings.ReplaceAll(r.fill(uuid.NewString()), ":", ""), nil)
				require.Equal(t, shown, a.status != http.StatusForbidden, "%s as %s under %s: %d %s", call, role, action, a.status, a.body)
				require.NotEqual(t, http.StatusInternalServerError, a.status, "%s as %s: %s", call, role, a.body)
				asked++
				if !shown {
					refused++
				}
			}
		}
	}
	require.Greater(t, asked, 500)
	require.Greater(t, refused, 200)
}
