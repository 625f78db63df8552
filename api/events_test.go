package api

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"satchel/api/apikeys"
	"satchel/api/ratelimit"
	"satchel/api/storage"
	"satchel/files"
	"satchel/internal/oidc/oidctest"
	"satchel/tenancy"
)

type sentEvent struct{ id, kind, data string }

// follow reads a stream until it ends, or until stop says that it is enough.
func (p *person) follow(file uuid.UUID, last string, stop func(sentEvent) bool) ([]sentEvent, int) {
	p.b.t.Helper()
	req, err := http.NewRequestWithContext(p.b.t.Context(), get, p.b.server.URL+at(file, "/events"), nil)
	require.NoError(p.b.t, err)
	req.Header.Set("Authorization", "Bearer "+p.token)
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := p.b.server.Client().Do(req)
	require.NoError(p.b.t, err)
	defer func() { _ = resp.Body.Close() }()
	var all []sentEvent
	var e sentEvent
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			e.id = value
		case "event":
			e.kind = value
		case "data":
			e.data = value
		case "":
			if e.id == "" {
				continue
			}
			all = append(all, e)
			if stop != nil && stop(e) {
				return all, resp.StatusCode
			}
			e = sentEvent{}
		}
	}
	return all, resp.StatusCode
}

// TestStreamsOfOneCallerAreBounded: others, and the caller once a stream has ended,
// are not refused.
func TestStreamsOfOneCallerAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.api.storage.Streams = ratelimit.New(ratelimit.Config{Streams: 2}, prometheus.NewRegistry()).Streams()
	org := b.organization()
	owner, other := b.person(org, tenancy.Owner), b.person(org, tenancy.Owner)
	f := owner.uploadTo(owner.group(other.id), "a.txt", []byte(lorem))
	open := func(p *person) (status int, end func()) {
		req, err := http.NewRequestWithContext(t.Context(), get, b.server.URL+at(f.ID, "/events"), nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+p.token)
		resp, err := b.server.Client().Do(req)
		require.NoError(t, err)
		end = func() { _ = resp.Body.Close() }
		t.Cleanup(end)
		return resp.StatusCode, end
	}
	status := func(p *person) int {
		status, _ := open(p)
		return status
	}
	first, end := open(owner)
	require.Equal(t, 200, first)
	require.Equal(t, 200, status(owner))
	a := owner.call(get, at(f.ID, "/events"), nil).refused(429, "too_many_streams")
	require.Equal(t, "5", a.header.Get("Retry-After"))
	require.Equal(t, 200, status(other))
	end()
	require.Eventually(t, func() bool { return status(owner) == 200 }, time.Minute, 10*time.Millisecond)
}

func TestEventsTellEachStepAndTheEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.upload("a.txt", []byte(lorem))
	version := b.head(owner.org, f.ID).VersionID
	failed := make(chan error, 1)
	begun := false
	all, status := owner.follow(f.ID, "", func(sentEvent) bool {
		if !begun {
			begun = true
			go func() { failed <- b.publishVersion(owner.org, version, "") }()
		}
		return false
	})
	require.NoError(t, <-failed)
	require.Equal(t, 200, status)

	var said []string
	for i, e := range all[:len(all)-1] {
		require.Equal(t, strconv.Itoa(i+1), e.id, "no gap and no repetition")
		var data struct{ Status, Name, State string }
		require.NoError(t, json.Unmarshal([]byte(e.data), &data))
		said = append(said, strings.Trim(e.kind+" "+data.Status+data.Name+" "+data.State, " "))
	}
	require.Equal(t, []string{"status processing", "step inspect running", "step inspect done", "status published"}, said)
	end := all[len(all)-1]
	require.Equal(t, "final", end.kind)
	var last storage.FileView
	require.NoError(t, json.Unmarshal([]byte(end.data), &last))
	require.Equal(t, files.Published, last.Status)

	for i := range all[:len(all)-1] {
		rest, _ := owner.follow(f.ID, all[i].id, nil)
		require.Equal(t, all[i+1:], rest, "resumed after %s", all[i].id)
	}
	rest, status := owner.follow(f.ID, end.id, nil)
	require.Empty(t, rest)
	require.Equal(t, http.StatusNoContent, status)
	owner.call(get, at(f.ID, "/events"), nil, "Last-Event-ID", "x").refused(400, "invalid_last_event_id")
}

func TestEventsFollowTheNewestVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", lorem)
	body, contentType := form("a.txt", []byte("second"), map[string]string{"file_id": f.ID.String()}, nil)
	owner.call(post, storagePath+"/upload", body, "Content-Type", contentType).is(202)
	version := b.head(owner.org, f.ID).VersionID
	failed := make(chan error, 1)
	go func() { failed <- b.publishVersion(owner.org, version, "Test") }()
	all, _ := owner.follow(f.ID, "", nil)
	require.NoError(t, <-failed)
	var last storage.FileView
	require.NoError(t, json.Unmarshal([]byte(all[len(all)-1].data), &last))
	require.EqualValues(t, 1, last.Version)
	require.Equal(t, files.Quarantined, last.Latest.Status)
}

func TestTrashAndBackAreEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", lorem)
	owner.call(remove, at(f.ID, ""), nil).is(204)
	owner.call(remove, at(f.ID, ""), nil).is(204)
	owner.call(post, at(f.ID, "/restore"), nil).is(200)
	owner.call(patch, at(f.ID, ""), map[string]string{"name": "b.txt"}).is(200)
	all, _ := owner.follow(f.ID, "", nil)
	var kinds []string
	for _, e := range all {
		kinds = append(kinds, e.kind)
	}
	require.Equal(t, []string{"trashed", "restored", "final"}, kinds[len(kinds)-3:], "each once, whatever is repeated")
}

func TestDrainEndsStreams(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.upload("a.txt", []byte(lorem))
	all, _ := owner.follow(f.ID, "", func(sentEvent) bool { b.api.Drain(); return false })
	require.NotEmpty(t, all)
	require.NotEqual(t, "final", all[len(all)-1].kind)
}

// TestStreamsEndWithWhatTheyStoodOn: anyone who may not read the file any more hears
// nothing of it, and the others go on.
func TestStreamsEndWithWhatTheyStoodOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, stays := b.person(org, tenancy.Owner), b.person(org, tenancy.Teacher)
	for name, end := range map[string]func(student, watcher *person){
		"the link to the student ends": func(student, watcher *person) {
			owner.call(remove, owner.orgPath("/guardians/"+watcher.id.String()+"/"+student.id.String()), nil).is(204)
		},
		"the student is removed": func(student, _ *person) { owner.call(remove, owner.orgPath(student.as()), nil).is(204) },
		"the membership ends":    func(_, watcher *person) { owner.call(remove, owner.orgPath(watcher.as()), nil).is(204) },
		"a lower role": func(_, watcher *person) {
			owner.call(put, owner.orgPath(watcher.as()), map[string]string{"role": "student"}).is(200)
		},
	} {
		student, watcher := b.person(org, tenancy.Student), b.person(org, tenancy.Parent)
		owner.call(post, owner.orgPath("/guardians"), map[string]any{"parent_id": watcher.id, "student_id": student.id}).is(201)
		body, contentType := form("a.txt", []byte(lorem), map[string]string{"space_id": b.class(stays, student).String(), "subject_id": student.id.String()}, nil)
		f := read[storage.FileView](student.call(post, storagePath+"/upload", body, "Content-Type", contentType).is(202))
		ended := false
		all, status := watcher.follow(f.ID, "", func(sentEvent) bool {
			if !ended {
				ended = true
				end(student, watcher)
				b.api.listener.Notify("") // as its poll would be, but now
			}
			return false
		})
		require.Equal(t, 200, status)
		require.NotEqual(t, "final", all[len(all)-1].kind, name)
		require.NoError(t, b.publishVersion(org, b.head(org, f.ID).VersionID, ""))
		_, status = watcher.follow(f.ID, all[len(all)-1].id, nil)
		require.Contains(t, []int{403, 404}, status, "%s: who comes back is told", name)
		others, _ := stays.follow(f.ID, "", nil)
		require.Equal(t, "final", others[len(others)-1].kind)
	}
}

// TestStreamsOfASuspendedOrganization go on where its policy leaves reads on.
func TestStreamsOfASuspendedOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, reads := range []bool{true, false} {
		owner := b.person(b.organization(), tenancy.Owner)
		f := owner.upload("a.txt", []byte(lorem))
		version := b.head(owner.org, f.ID).VersionID
		published := make(chan error, 1)
		suspended := false
		all, _ := owner.follow(f.ID, "", func(sentEvent) bool {
			if suspended {
				return false
			}
			suspended = true
			_, err := b.db.Single(owner.org).Exec(t.Context(), "update organizations set status = 'suspended', reads_while_suspended = $1", reads)
			require.NoError(t, err)
			b.api.listener.Notify("")
			if reads {
				go func() { published <- b.publishVersion(owner.org, version, "") }()
			}
			return false
		})
		if reads {
			require.NoError(t, <-published)
		}
		require.Equal(t, reads, all[len(all)-1].kind == "final", "reads while suspended: %v", reads)
	}
}

// TestStreamsOfARevokedKey end, though its service account has another one.
func TestStreamsOfARevokedKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	made := read[apikeys.KeyView](owner.call(post, keysOf(owner.org), map[string]any{"name": "sync", "role": "teacher", "scopes": []string{"files:read"}}).is(201))
	f := owner.uploadTo(owner.group(made.User), "a.txt", []byte(lorem))
	machine := &person{b: b, org: owner.org, token: made.Key}
	revoked := false
	all, status := machine.follow(f.ID, "", func(sentEvent) bool {
		if !revoked {
			revoked = true
			owner.call(remove, keysOf(owner.org)+"/"+made.ID.String(), nil).is(204)
			b.api.listener.Notify("")
		}
		return false
	})
	require.Equal(t, 200, status)
	require.NotEqual(t, "final", all[len(all)-1].kind)
}

// TestStreamsEndWithTheirToken: what a token opened is not open for longer.
func TestStreamsEndWithTheirToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org, subject := b.organization(), uuid.NewString()
	user, err := b.db.EnsureUser(t.Context(), b.issuer.URL, subject)
	require.NoError(t, err)
	require.NoError(t, tenancy.SetMember(t.Context(), b.db.Single(org), user, tenancy.Teacher))
	until := time.Now().Add(3 * time.Second).Truncate(time.Second)
	short := &person{b: b, org: org, id: user, token: b.issuer.Sign(map[string]any{
		"iss": b.issuer.URL, "sub": subject, "aud": oidctest.Audience, "exp": until.Unix(), "iat": until.Add(-time.Hour).Unix(),
	})}
	f := b.person(org, tenancy.Owner).uploadTo(b.class(short), "a.txt", []byte(lorem))
	all, status := short.follow(f.ID, "", nil)
	require.Equal(t, 200, status)
	require.NotEmpty(t, all)
	require.NotEqual(t, "final", all[len(all)-1].kind)
	require.False(t, time.Now().Before(until))
	_, status = short.follow(f.ID, all[len(all)-1].id, nil)
	require.Equal(t, 401, status)
}
