package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/problem"
	"satchel/tenancy"
)

// notThere are the codes of an id that names nothing for the caller, by what the
// path begins with. A code names the kind of thing and never says why it is not
// there.
func notThere(r Route) []string {
	switch {
	case strings.HasPrefix(r.Path, robloxPath):
		return []string{"roblox_connection_not_found"}
	case strings.HasPrefix(r.Path, generationsPath):
		return []string{"generation_not_found"}
	case strings.HasPrefix(r.Path, reportsPath):
		return []string{"report_not_found"}
	case strings.HasPrefix(r.Path, reportTimesPath):
		return []string{"report_schedule_not_found"}
	case strings.HasPrefix(r.Path, erasuresPath):
		return []string{"erasure_not_found"}
	case strings.HasPrefix(r.Path, jobsPath):
		return []string{"job_not_found"}
	case strings.HasPrefix(r.Path, erasuresPath):
		return []string{"erasure_not_found"}
	case strings.HasPrefix(r.Path, organizationPath):
		return []string{"organization_not_found"}
	case strings.HasPrefix(r.Path, tusPath):
		return []string{"upload_not_found"}
	case strings.HasSuffix(r.Path, "/links/:space") && r.Method == remove:
		return []string{"link_not_found"} // of a file or folder, which the caller need not see any more
	case strings.HasPrefix(r.Path, sharesPath):
		return []string{"share_not_found"}
	case strings.HasPrefix(r.Path, filePath):
		return []string{"file_not_found"}
	case strings.HasPrefix(r.Path, spacePath):
		return []string{"space_not_found"}
	case strings.HasPrefix(r.Path, folderPath):
		return []string{"folder_not_found"}
	case strings.HasPrefix(r.Path, classPath):
		return []string{"class_not_found"}
	case strings.HasPrefix(r.Path, notificationsPath):
		return []string{"notification_not_found"}
	case strings.HasPrefix(r.Path, myMailPath):
		return []string{"mail_address_not_found"}
	case strings.HasPrefix(r.Path, storagePath+"/zip"):
		return []string{"zip_not_found"}
	case strings.HasPrefix(r.Path, storagePath+"/bulk"):
		return []string{"bulk_change_not_found"}
	}
	return []string{"operation_not_found"}
}

// refusal is a problem as far as it tells what is there.
type refusal struct {
	status int
	code   string
	detail string
}

func (a answer) refusal() refusal {
	a.t.Helper()
	var p problem.Problem
	if len(a.body) > 0 { // HEAD has none
		require.NoError(a.t, json.Unmarshal(a.body, &p), "%s", a.body)
	}
	return refusal{a.status, p.Code, p.Detail}
}

// TestTheSameRefusalIsAnsweredAlike walks the routes. A missing role is always 403
// not_granted, whosever the named thing is and whether it is there; a thing of
// another organization is always 404, with the code and the words of an id that
// was never given.
func TestTheSameRefusalIsAnsweredAlike(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, stranger := b.person(b.organization(), tenancy.Owner), b.person(b.organization(), tenancy.Owner)
	f := owner.published("theirs.txt", lorem)
	upload := owner.call(post, tusPath, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "5", "Upload-Metadata", "filename YS50eHQ=").is(201).header.Get("Location")
	operation := read[struct {
		ID string `json:"operation_id"`
	}](owner.call(post, owner.orgPath("/audit/verify"), nil).is(202)).ID
	walked := 0
	for _, r := range b.api.Routes() {
		if r.Action == anyone || r.Action == signedIn {
			continue
		}
		theirs := f.ID.String()
		switch {
		case strings.HasPrefix(r.Path, organizationPath):
			theirs = owner.org.String()
		case strings.HasPrefix(r.Path, tusPath):
			theirs = upload[len(upload)-36:]
		case strings.HasPrefix(r.Path, apiPath+"/operations"):
			theirs = operation
		}
		ask := func(p *person, id string) refusal {
			return p.call(r.Method, r.fill(id), map[string]any{}, "Tus-Resumable", "1.0.0").refusal()
		}
		for _, role := range tenancy.Roles {
			if role == tenancy.Operator || (tenancy.Actor{Role: role}).May(r.Action) {
				continue
			}
			p := b.person(stranger.org, role)
			missing := ask(p, uuid.NewString())
			require.Equal(t, http.StatusForbidden, missing.status, "%s %s as %s", r.Method, r.Path, role)
			if r.Method != head {
				require.Equal(t, "not_granted", missing.code, "%s %s as %s", r.Method, r.Path, role)
			}
			require.Equal(t, missing, ask(p, theirs), "%s %s as %s: another organization's", r.Method, r.Path, role)
			require.Equal(t, missing, ask(p, p.org.String()), "%s %s as %s: their own", r.Method, r.Path, role)
			walked++
			break
		}
		if !strings.Contains(r.Path, ":id") || !(tenancy.Actor{Role: tenancy.Owner}).May(r.Action) {
			continue
		}
		foreign := ask(stranger, theirs)
		require.Equal(t, http.StatusNotFound, foreign.status, "%s %s: %s", r.Method, r.Path, foreign.code)
		if r.Method != head {
			require.True(t, slices.Contains(notThere(r), foreign.code), "%s %s answers %s", r.Method, r.Path, foreign.code)
		}
		require.Equal(t, foreign, ask(stranger, uuid.NewString()), "%s %s: an id that was never given", r.Method, r.Path)
		require.Equal(t, foreign, ask(stranger, "nonsense"), "%s %s: what is no id", r.Method, r.Path)
		walked++
	}
	require.Greater(t, walked, 60)
}
