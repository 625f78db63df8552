package api

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/api/request"
	apiusage "satchel/api/usage"
	"satchel/tenancy"
	"satchel/tenancy/apikeys"
	"satchel/tenancy/events"
	"satchel/tenancy/usage"
)

// tierOf is a tier that meets none of its limits by chance.
func tierOf(change map[string]any) map[string]any {
	t := map[string]any{"max_members": 100, "max_bytes": 1 << 30, "max_file_size": 1 << 30, "requests_per_minute": 100000, "concurrent_uploads": 100,
		"concurrent_scans": 3, "renditions": true, "features": []string{}}
	for k, v := range change {
		t[k] = v
	}
	return t
}

// TestFeaturesFollowTheTier at once, both ways in which a tier changes. A key
// that was made before is refused while the tier has none, and works again
// after; people, and ending keys, need no feature.
func TestFeaturesFollowTheTier(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator, owner := b.person(tenancy.Platform, tenancy.Operator), b.person(b.professional(), tenancy.Owner)
	machine, made := owner.key(tenancy.Teacher, apikeys.FilesRead, apikeys.FilesWrite)
	another, second := owner.key(tenancy.Teacher, apikeys.UsageRead, apikeys.FilesRead)
	f := machine.publishedIn(owner.group(machine.id), "by-key.txt", lorem)
	export := orgPath(owner.org, "/audit/export")
	has := func() {
		t.Helper()
		machine.call(get, at(f.ID, "/content"), nil).is(http.StatusOK)
		another.call(get, storagePath+"/files", nil).is(http.StatusOK)
		owner.call(get, export, nil).is(http.StatusOK)
	}
	lacks := func() {
		t.Helper()
		body, contentType := form("b.txt", []byte("no"), nil, nil)
		machine.call(post, storagePath+"/upload", body, "Content-Type", contentType).refused(http.StatusForbidden, "feature_not_in_tier")
		machine.call(get, at(f.ID, "/content"), nil).refused(http.StatusForbidden, "feature_not_in_tier")
		another.call(get, storagePath+"/files", nil).refused(http.StatusForbidden, "feature_not_in_tier")
		owner.call(get, at(f.ID, "/content"), nil).is(http.StatusOK)
		owner.call(get, export, nil).refused(http.StatusForbidden, "feature_not_in_tier")
		owner.call(post, keysOf(owner.org)+"/"+made.ID.String()+"/rotate", nil).refused(http.StatusForbidden, "feature_not_in_tier")
		owner.call(post, keysOf(owner.org), map[string]any{"name": "x", "role": "teacher", "scopes": []string{"files:read"}}).refused(http.StatusForbidden, "feature_not_in_tier")
	}
	has()
	operator.call(patch, orgPath(owner.org, ""), map[string]string{"tier": "basic"}).is(http.StatusOK)
	lacks()
	operator.call(patch, orgPath(owner.org, ""), map[string]string{"tier": "professional"}).is(http.StatusOK)
	has()
	operator.call(put, adminPath+"/tiers/professional", tierOf(nil)).is(http.StatusOK)
	lacks()
	owner.call(remove, keysOf(owner.org)+"/"+second.ID.String(), nil).is(http.StatusNoContent)
	operator.call(put, adminPath+"/tiers/professional", tierOf(map[string]any{"features": []string{"api_keys", "audit_export"}})).is(http.StatusOK)
	machine.call(get, at(f.ID, "/content"), nil).is(http.StatusOK)
	another.call(get, storagePath+"/files", nil).refused(http.StatusUnauthorized, "invalid_token")
}

// TestLimitsFollowTheTier: seats, bytes and the size of a file, lowered below
// what there is and raised again. What is there stays.
func TestLimitsFollowTheTier(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator, owner := b.person(tenancy.Platform, tenancy.Operator), b.person(b.organization(), tenancy.Owner)
	student := b.person(owner.org, tenancy.Student)
	set := func(change map[string]any) {
		operator.call(put, adminPath+"/tiers/small", tierOf(change)).is(http.StatusOK)
	}
	set(nil)
	operator.call(patch, orgPath(owner.org, ""), map[string]string{"tier": "small"}).is(http.StatusOK)
	operator.call(put, adminPath+"/storage/quotas", map[string]any{"organization_id": owner.org.String(), "max": nil, "max_file_size": nil}).is(http.StatusOK)
	require.Equal(t, []tenancy.OrgID{owner.org}, b.workflows.advanced, "a larger tier lets waiting files in")
	f := owner.published("a.txt", strings.Repeat("x", 6000))
	upload := func() answer {
		body, contentType := form("b.txt", []byte(strings.Repeat("y", 6000)), nil, nil)
		return owner.call(post, storagePath+"/upload", body, "Content-Type", contentType)
	}
	join := func(n int) answer {
		return owner.call(post, orgPath(owner.org, "/members"), map[string]string{"issuer": "https://id.example", "subject": fmt.Sprint(n), "role": "student"})
	}
	for i := range 2 {
		set(map[string]any{"max_members": 1})
		join(i).refused(http.StatusConflict, "over_seats")
		student.call(get, storagePath+"/quota", nil).is(http.StatusOK)
		set(nil)
		join(i).is(http.StatusOK)

		set(map[string]any{"max_bytes": 5000})
		upload().refused(http.StatusInsufficientStorage, "over_quota")
		set(map[string]any{"max_file_size": 5000})
		upload().refused(http.StatusRequestEntityTooLarge, "too_large")
		owner.call(get, at(f.ID, "/content"), nil).is(http.StatusOK)
		set(nil)
		upload().is(http.StatusAccepted)
	}
}

// TestWarningsAndEventsAreShown to those who may see usage, page by page, and of
// one's own organization alone.
func TestWarningsAndEventsAreShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator, owner := b.person(tenancy.Platform, tenancy.Operator), b.person(b.organization(), tenancy.Owner)
	other := b.person(b.organization(), tenancy.Owner)
	for _, percent := range []int{82, 96} {
		_, err := b.db.Admin(t).Exec(t.Context(), "update storage_quotas set used_bytes = max_bytes / 100 * $2 + 100 where organization_id = $1", owner.org, percent)
		require.NoError(t, err)
		require.NoError(t, b.db.InTx(t.Context(), owner.org, func(tx *tenancy.Tx) error {
			raised, err := usage.Cross(t.Context(), tx)
			if err != nil {
				return err
			}
			require.Len(t, raised, 1)
			if err := events.Record(t.Context(), tx, raised[0].ID, events.UsageWarning, raised[0]); err != nil {
				return err
			}
			return usage.RecordWarning(t.Context(), tx, raised[0])
		}))
	}
	v := read[apiusage.UsageView](owner.call(get, orgPath(owner.org, "/usage"), nil).is(http.StatusOK))
	require.Len(t, v.Warnings, 2)
	require.Equal(t, []any{"bytes", 95, 96, usage.NoMail}, []any{v.Warnings[0].Metric, v.Warnings[0].Threshold, v.Warnings[0].Percent, v.Warnings[0].Mail})
	require.Empty(t, read[apiusage.UsageView](other.call(get, orgPath(other.org, "/usage"), nil).is(http.StatusOK)).Warnings)

	path := orgPath(owner.org, "/events?type=usage.warning")
	all := read[request.Page[events.Event]](owner.call(get, path, nil).is(http.StatusOK))
	require.Len(t, all.Items, 2)
	require.Empty(t, all.NextCursor)
	require.Equal(t, all, read[request.Page[events.Event]](operator.call(get, path, nil).is(http.StatusOK)))
	first := read[request.Page[events.Event]](owner.call(get, path+"&limit=1", nil).is(http.StatusOK))
	require.Equal(t, all.Items[:1], first.Items)
	require.Equal(t, all.Items[1:], read[request.Page[events.Event]](owner.call(get, path+"&limit=1&cursor="+first.NextCursor, nil).is(http.StatusOK)).Items)
	require.Empty(t, read[request.Page[events.Event]](owner.call(get, path+"&cursor="+strconv.FormatInt(all.Items[1].Seq, 10), nil).is(http.StatusOK)).Items)
	require.Empty(t, read[request.Page[events.Event]](owner.call(get, orgPath(owner.org, "/events?type=some.other"), nil).is(http.StatusOK)).Items)
	require.Equal(t, *v.Warnings[0].Event, all.Items[1].ID)
	for query, code := range map[string]string{"?cursor=x": "invalid_cursor", "?cursor=-1": "invalid_cursor", "?type=%27": "invalid_type", "?limit=0": "invalid_limit"} {
		owner.call(get, orgPath(owner.org, "/events"+query), nil).refused(http.StatusBadRequest, code)
	}
	other.call(get, path, nil).refused(http.StatusNotFound, "organization_not_found")
	b.person(owner.org, tenancy.Teacher).call(get, path, nil).refused(http.StatusForbidden, "not_granted")
}
