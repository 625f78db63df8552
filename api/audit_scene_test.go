package api

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/gowebpki/jcs"
	"github.com/stretchr/testify/require"

	apishares "satchel/api/shares"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/members"
)

// scene is where a recipe plays: an owner with a published file, and the
// operator.
type scene struct {
	*testBundle
	owner, operator *person
	file            uuid.UUID
	marks           map[tenancy.OrgID]int64 // heads of the audit logs before the call
}

const planted = "Unmistakable Plum"

func (b *testBundle) scene() *scene {
	s := &scene{testBundle: b, owner: b.person(b.organization(), tenancy.Owner), operator: b.person(tenancy.Platform, tenancy.Operator)}
	s.file = s.owner.published(planted+".txt", planted).ID
	b.assured(s.owner, s.file)
	return s
}

// assured records written assurances of everybody who may get data, in one file of the owner.
func (b *testBundle) assured(owner *person, file uuid.UUID) {
	b.t.Helper()
	for _, kind := range []string{"roblox", "model", "webhook"} {
		_, err := b.db.Single(owner.org).Exec(b.t.Context(), `insert into subprocessors (organization_id, id, kind, name, purpose, categories, location, assurance_file_id, assurance_sha256, recorded_by)
			values (app.org(), $1, $2, 'n', 'p', 'c', 'l', $3, repeat('a', 64), $4)`, tenancy.NewID(), kind, file, owner.id)
		require.NoError(b.t, err)
	}
}

// shareAt is the address of a share with somebody outside.
func (s *scene) shareAt() string {
	with := []map[string]any{{"email": "plum@else.test", "name": planted}}
	made := s.owner.call(post, storagePath+"/share", map[string]any{"kind": "people", "file_id": s.file, "with": with}).is(201)
	s.mark(s.owner.org)
	return sharesPath + "/" + id(made).String()
}

func (s *scene) recipientAt() string {
	at := s.shareAt()
	return at + "/recipients/" + read[apishares.ShareView](s.owner.call(get, at, nil).is(200)).Recipients[0].ID.String()
}

// school is the address of something of the owner's organization.
func (s *scene) school(rest string) string {
	return "/api/v1/organizations/" + s.owner.org.String() + rest
}

// spaceAt is the address of something of a new space of the owner's.
func (s *scene) spaceAt(rest string) string {
	space := s.owner.group()
	s.mark(s.owner.org)
	return spacesPath + "/" + space.String() + rest
}

// folderAt is the address of something of a new folder of the owner's.
func (s *scene) folderAt(rest string, more map[string]any) string {
	in := map[string]any{"name": planted}
	maps.Copy(in, more)
	folder := id(s.owner.call(post, s.spaceAt("/folders"), in).is(201))
	s.mark(s.owner.org)
	return apiPath + "/folders/" + folder.String() + rest
}

// handIn is the address of something of a folder into which the owner has put a file
// about themselves, as a pupil would.
func (s *scene) handIn(rest string) string {
	folder := s.folderAt("", map[string]any{"mode": "handin"})
	_, named, _ := strings.Cut(folder, "/folders/")
	body, contentType := form(planted+".txt", []byte(planted), map[string]string{"folder_id": named, "subject_id": s.owner.id.String()}, nil)
	s.owner.call(post, storagePath+"/upload", body, "Content-Type", contentType).is(http.StatusAccepted)
	s.mark(s.owner.org)
	return folder + rest
}

// classAt is the address of something of a new class.
func (s *scene) classAt(rest string) string {
	class := id(s.owner.call(post, classesPath, map[string]any{"title": planted}).is(201))
	s.mark(s.owner.org)
	return classesPath + "/" + class.String() + rest
}

// payFor puts the owner's organization into a tier.
func (s *scene) payFor(tier string) {
	s.t.Helper()
	_, err := s.db.Single(s.owner.org).Exec(context.Background(), "update organizations set tier = $1", tier)
	require.NoError(s.t, err)
}

var newKey = map[string]any{"name": "import", "role": tenancy.Teacher, "scopes": []string{"files:read"}}

// key makes an API key and gives its id.
func (s *scene) key() string {
	s.t.Helper()
	s.payFor("professional")
	made := read[struct{ ID uuid.UUID }](s.owner.call(post, s.school("/keys"), newKey).is(201))
	s.mark(s.owner.org)
	return made.ID.String()
}

// invited makes an invitation whose mail went out, and gives the mail's token.
func (s *scene) invited() (id uuid.UUID, token string) {
	s.t.Helper()
	made := read[struct{ ID uuid.UUID }](s.owner.call(post, s.school("/invitations"), map[string]any{"email": "plum@school.test", "role": tenancy.Teacher}).is(201))
	token = "a-token-of-" + made.ID.String()
	ctx := context.Background()
	require.NoError(s.t, s.db.InTx(ctx, s.owner.org, func(tx *tenancy.Tx) error {
		_, _, err := members.RecordAttempt(ctx, tx, made.ID, members.Hash(token))
		return err
	}))
	s.mark(s.owner.org)
	return made.ID, token
}

// begun are recorded by the workflow's own package, where the operation begins;
// the processes of these tests are played.
var begun = []string{"organization.create", "organization.export", "organization.delete", "organization.keep"}

// mark records the head of an audit log.
func (s *scene) mark(org tenancy.OrgID) { s.marks[org] = s.auditHead(org).Seq }

func (b *testBundle) auditHead(org tenancy.OrgID) audit.Head {
	b.t.Helper()
	h, err := audit.GetHead(context.Background(), b.db.Single(org))
	require.NoError(b.t, err)
	return h
}

// verified verifies the whole audit log as the workflow does, without checkpoints.
func (b *testBundle) verified(org tenancy.OrgID) audit.Report {
	b.t.Helper()
	var v audit.Verification
	none := func(context.Context, int64, int) ([]audit.CheckpointCheck, error) { return nil, nil }
	for !v.Ended {
		require.NoError(b.t, v.Next(context.Background(), b.db.Single(org), none, 1000))
	}
	return v.Report()
}

type recorded struct {
	Action, Actor, Result, Code, Organization string
	ObjectID                                  string `json:"object_id"`
}

// since reads what was recorded after a place, and demands of every event that
// it is canonical and holds nothing of a person.
func (b *testBundle) since(org tenancy.OrgID, seq int64) (found []recorded) {
	b.t.Helper()
	require.NoError(b.t, audit.EachEvent(context.Background(), b.db.Single(org), seq, func(l audit.Line) error {
		canonical, err := jcs.Transform(l.Event)
		require.NoError(b.t, err)
		require.Equal(b.t, string(canonical), string(l.Event))
		for _, personal := range []string{planted, "plum", "@", ".txt", b.issuer.URL} {
			require.NotContains(b.t, string(l.Event), personal)
		}
		var r recorded
		require.NoError(b.t, json.Unmarshal(l.Event, &r))
		found = append(found, r)
		return nil
	}))
	return found
}

// ofImport calls a route of an import that waits for a decision.
func (s *scene) ofImport(method, rest string) (answer, tenancy.OrgID) {
	s.t.Helper()
	i := s.owner.received(s.owner.source("SIS"), district(0))
	s.mark(s.owner.org)
	var in any
	if method == post {
		in = map[string]any{"changes_hash": i.Hash}
	}
	return s.owner.call(method, s.school("/roster/imports/"+i.ID.String()+rest), in), s.owner.org
}
