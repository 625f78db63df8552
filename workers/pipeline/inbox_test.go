package pipeline_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	importing "satchel/activities/roster"
	"satchel/cmd/worker/wiring"
	"satchel/internal/pipelinetest"
	"satchel/internal/s3"
	"satchel/internal/s3test"
	"satchel/rosters"
	"satchel/rosters/oneroster"
	"satchel/tenancy"
	"satchel/workflows/roster"
)

// inboxConfig takes a package at the second look, whenever that is.
var inboxConfig = importing.InboxConfig{Bucket: s3test.Inbox, Prefix: "schools/inbox/", Every: time.Hour}

// inbox is the folder of a source.
type inbox struct {
	*s3.Bucket

	folder string
}

func inboxOf(store *s3.Store, org tenancy.OrgID, source uuid.UUID) inbox {
	return inbox{store.Another(s3test.Inbox), inboxConfig.Folder(org) + source.String() + "/"}
}

func (i inbox) drop(t *testing.T, name string, content []byte) {
	t.Helper()
	_, err := i.Put(t.Context(), i.folder+name, bytes.NewReader(content), int64(len(content)), "")
	require.NoError(t, err)
}

// names are what is in the folder and below, without ids.
func (i inbox) names(t *testing.T) (names []string) {
	t.Helper()
	require.NoError(t, i.List(t.Context(), i.folder, func(o s3.Object) error {
		name := strings.TrimPrefix(o.Key, i.folder)
		if folder, rest, moved := strings.Cut(name, "/"); moved {
			name = folder + "/" + rest[len(uuid.Nil.String())+1:]
		}
		names = append(names, name)
		return nil
	}))
	return names
}

// lookIntoInbox runs the process once.
func (b *worker) lookIntoInbox(t *testing.T) (r roster.PickUpRostersResult) {
	t.Helper()
	options := client.StartWorkflowOptions{ID: "look-" + uuid.NewString(), TaskQueue: "batch"}
	run, err := b.Client.ExecuteWorkflow(t.Context(), options, roster.PickUpRosters, roster.PickUpRostersInput{Org: tenancy.Platform})
	require.NoError(t, err)
	require.NoError(t, run.Get(t.Context(), &r))
	require.Zero(t, r.Looked.Failed)
	return r
}

func pickups(t *testing.T, b *pipelinetest.Bench) []rosters.Pickup {
	t.Helper()
	found, err := rosters.ListPickups(t.Context(), b.Single(b.Org), uuid.Nil, 100)
	require.NoError(t, err)
	return found
}

// pickupSource is a source whose packages are picked up, or are not.
func (b *worker) pickupSource(t *testing.T, on bool) uuid.UUID {
	t.Helper()
	id := tenancy.NewID()
	require.NoError(t, rosters.AddSource(t.Context(), b.Single(b.Org), rosters.Source{ID: id, Name: "SIS " + id.String(), LeaveDays: 14, Pickup: on}, b.User))
	return id
}

// zeros are bytes without an end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// TestRosterIsPickedUp: a package of the store is taken at the second look, imported as
// an upload is, and moved; a refused one is moved too. Two workers look.
func TestRosterIsPickedUp(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *pipelinetest.Options) { o.Inbox = inboxConfig })
	b.Start(t)
	source := b.pickupSource(t, true)
	in := inboxOf(b.Store, b.Org, source)
	in.drop(t, "Monday.ZIP", packed(t, district()))
	in.drop(t, "half.zip.part", []byte("PK"))
	b.lookIntoInbox(t)
	require.Equal(t, rosters.PickupSeen, pickups(t, &b.Bench)[0].State)
	require.Zero(t, b.countRows(t, "roster_imports"), "it may still be written")
	b.lookIntoInbox(t)
	found := pickups(t, &b.Bench)[0]
	i := b.rosterComes(t, found.ID, rosters.Waiting)
	require.Nil(t, i.CreatedBy)
	b.lookIntoInbox(t)
	require.Equal(t, []string{"done/Monday.ZIP", "half.zip.part"}, in.names(t))
	b.decideRoster(t, found.ID, rosters.Approve)
	b.rosterComes(t, found.ID, rosters.Applied)
	require.Positive(t, b.countRows(t, "people where state = 'active'"))

	// The same name again, with a marker: taken at once. It is no zip.
	in.drop(t, "Monday.ZIP", []byte("no zip at all"))
	in.drop(t, "Monday.ZIP.done", nil)
	b.lookIntoInbox(t)
	second := pickups(t, &b.Bench)[0]
	require.NotEqual(t, found.ID, second.ID)
	require.Equal(t, "rejected", b.rosterComes(t, second.ID, rosters.Stopped).Stop.Code)
	b.lookIntoInbox(t)
	require.Equal(t, []string{"done/Monday.ZIP", "half.zip.part", "refused/Monday.ZIP"}, in.names(t))
	require.Equal(t, 2, b.countRows(t, "roster_imports"))

	// 30 days later what was moved goes, and its row.
	_, err := b.Single(b.Org).Exec(t.Context(), "update roster_pickups set ended_at = now() - interval '31 days'")
	require.NoError(t, err)
	b.lookIntoInbox(t)
	require.Equal(t, []string{"half.zip.part"}, in.names(t))
	require.Empty(t, pickups(t, &b.Bench))
}

// TestStrangersFolderIsReported and its package is never imported: of no organization, of
// another organization's source, of a source that does not pick up.
func TestStrangersFolderIsReported(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *pipelinetest.Options) { o.Inbox = inboxConfig })
	off, on := b.pickupSource(t, false), b.pickupSource(t, true)
	other := b.Organization(t, pipelinetest.Room)
	folders := []inbox{
		inboxOf(b.Store, b.Org, off), inboxOf(b.Store, other, on), inboxOf(b.Store, tenancy.OrgID(tenancy.NewID()), on),
		{b.Store.Another(s3test.Inbox), inboxConfig.Root() + "a school/"},
	}
	for _, in := range folders {
		in.drop(t, "a.zip", packed(t, district()))
		in.drop(t, "a.zip.done", nil)
	}
	for range 2 {
		require.Equal(t, len(folders), b.lookIntoInbox(t).Unknown)
	}
	require.Zero(t, b.countRows(t, "roster_imports"))
	require.Zero(t, b.countRows(t, "roster_pickups"))
	require.Equal(t, []string{"a.zip", "a.zip.done"}, folders[1].names(t))
}

// dyingInbox is an inbox that ends the process at the named call, before or after it.
type dyingInbox struct {
	wiring.InboxBucket

	at *string
}

func (d dyingInbox) die(at string) error {
	if *d.at != at {
		return nil
	}
	*d.at = ""
	return errCrash
}

func (d dyingInbox) Copy(ctx context.Context, key, etag, to string) error {
	if err := d.InboxBucket.Copy(ctx, key, etag, to); err != nil {
		return err
	}
	return d.die("after copy")
}

func (d dyingInbox) Remove(ctx context.Context, key string) error {
	if err := d.die("before remove"); err != nil {
		return err
	}
	if err := d.InboxBucket.Remove(ctx, key); err != nil {
		return err
	}
	if err := d.die("after remove"); err != nil {
		return err
	}
	if *d.at == "after second remove" { // the first is the marker
		*d.at = "after remove"
	}
	return nil
}

// importReceiver makes the rows of imports, without a workflow, and dies as it is told.
type importReceiver struct {
	*activities

	dyingInbox
}

func (r importReceiver) BeginImport(ctx context.Context, org tenancy.OrgID, p rosters.Package) error {
	if err := r.die("before begin"); err != nil {
		return err
	}
	err := r.InTx(ctx, org, func(tx *tenancy.Tx) error { return rosters.Begin(ctx, tx, p) })
	if err != nil {
		return err
	}
	return r.die("after begin")
}

// TestPickUpSurvivesAKill at every window between two side effects: there is one import,
// and one object, which is moved.
func TestPickUpSurvivesAKill(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"before begin", "after begin", "after copy", "before remove", "after remove", "after second remove"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			a, i, source, dies := inboxActivities(t)
			in := inboxOf(a.Store, a.Org, source)
			in.drop(t, "a.zip", packed(t, district()))
			in.drop(t, "a.zip.done", nil)
			dies(at)
			failed := 0
			for range 4 {
				if _, err := i.PickUpRosters(t.Context(), importing.PickUpRostersInput{Org: tenancy.Platform}); err != nil {
					require.ErrorIs(t, err, errCrash)
					failed++
				}
				_, err := a.Single(a.Org).Exec(t.Context(), "update roster_imports set state = 'waiting'") // it is read
				require.NoError(t, err)
			}
			require.Equal(t, 1, failed)
			require.Equal(t, []string{"done/a.zip"}, in.names(t))
			found := pickups(t, &a.Bench)
			require.Len(t, found, 1)
			require.Equal(t, rosters.PickupDone, found[0].State)
			var imports int
			require.NoError(t, a.Single(a.Org).QueryRow(t.Context(), "select count(*) from roster_imports").Scan(&imports))
			require.Equal(t, 1, imports)
		})
	}
}

func inboxActivities(t *testing.T) (*activities, *importing.Inbox, uuid.UUID, func(at string)) {
	t.Helper()
	a := setupActivities(t)
	var at string
	bucket := dyingInbox{wiring.InboxBucket{Bucket: wiring.Bucket{Bucket: a.Store.Another(s3test.Inbox)}}, &at}
	i := importing.NewInbox(importing.InboxPorts{DB: a.DB, Bucket: bucket, Packages: a.Store.Staging, Receiver: importReceiver{a, bucket}, Spool: pipelinetest.OpenSpool(t)}, inboxConfig)
	source := tenancy.NewID()
	require.NoError(t, rosters.AddSource(t.Context(), a.Single(a.Org), rosters.Source{ID: source, Name: "SIS", Pickup: true}, a.User))
	return a, i, source, func(where string) { at = where }
}

// TestWhatIsNoPackage is refused by its size, without an import; one that changes while
// it is looked at begins again; one that waits for the end of another import is taken
// then.
func TestWhatIsNoPackage(t *testing.T) {
	t.Parallel()
	a, i, source, _ := inboxActivities(t)
	in := inboxOf(a.Store, a.Org, source)
	look := func() {
		_, err := i.PickUpRosters(t.Context(), importing.PickUpRostersInput{Org: tenancy.Platform})
		require.NoError(t, err)
	}
	_, err := in.Put(t.Context(), in.folder+"large.zip", io.LimitReader(zeros{}, oneroster.DefaultLimits.Bytes+1), oneroster.DefaultLimits.Bytes+1, "")
	require.NoError(t, err)
	in.drop(t, "empty.zip", nil)
	for range 3 {
		look()
	}
	require.ElementsMatch(t, []string{"refused/empty.zip", "refused/large.zip"}, in.names(t))
	codes := map[string]string{}
	for _, p := range pickups(t, &a.Bench) {
		codes[p.Name] = p.Code
	}
	require.Equal(t, map[string]string{"empty.zip": "roster_missing", "large.zip": "roster_too_large"}, codes)

	for n := range 3 { // it grows
		in.drop(t, "grows.zip", bytes.Repeat([]byte("x"), n+1))
		look()
		require.Equal(t, rosters.PickupSeen, pickups(t, &a.Bench)[0].State)
	}
	in.drop(t, "next.zip", []byte("y"))
	look()
	look()
	states := map[string]rosters.PickupState{}
	for _, p := range pickups(t, &a.Bench)[:2] {
		states[p.Name] = p.State
	}
	require.Equal(t, map[string]rosters.PickupState{"grows.zip": rosters.PickupTaken, "next.zip": rosters.PickupSeen}, states, "one import at a time")
	require.NoError(t, in.Remove(t.Context(), in.folder+"next.zip"))
	look()
	require.Len(t, pickups(t, &a.Bench), 3, "what was taken away before it was taken leaves no row")
}

// TestRecordInbox writes the history of a look that takes a package and finds a stranger's.
func TestRecordInbox(t *testing.T) {
	if !*record {
		t.Skip("writes files: run with -record after a deliberate change of the workflow")
	}
	b := setup(t, func(o *pipelinetest.Options) { o.Inbox = inboxConfig })
	in := inboxOf(b.Store, b.Org, b.pickupSource(t, true))
	in.drop(t, "Monday.zip", packed(t, district()))
	in.drop(t, "Monday.zip.done", nil)
	inboxOf(b.Store, b.Org, tenancy.NewID()).drop(t, "a.zip", packed(t, district()))
	require.NoError(t, b.runOf(t, "roster", "picked-up", roster.PickUpRosters, roster.PickUpRostersInput{Org: tenancy.Platform}))
}
