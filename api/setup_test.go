package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"satchel/api/delivery/edge"
	"satchel/api/delivery/signed"
	"satchel/api/invitepage"
	"satchel/api/middleware"
	"satchel/api/problem"
	"satchel/api/ratelimit"
	"satchel/api/securitytxt"
	"satchel/api/storage"
	"satchel/api/uploads"
	"satchel/files"
	"satchel/generation/providers"
	"satchel/internal/kms"
	"satchel/internal/oidc"
	"satchel/internal/oidc/oidctest"
	"satchel/internal/payloads"
	"satchel/internal/pgtest"
	"satchel/internal/queue"
	"satchel/internal/s3"
	"satchel/internal/s3test"
	"satchel/internal/sealed"
	"satchel/policies/types"
	"satchel/policies/verdict"
	"satchel/roblox/connections"
	"satchel/tenancy"
	"satchel/tenancy/notifications"
	"satchel/tenancy/people"
	"satchel/tenancy/usage"
	"satchel/workflows/jobs"
)

// testBundle is a whole edge: real Postgres, real store, real tokens. Only the
// workflows are played by the tests themselves.
type testBundle struct {
	t         testing.TB
	db        *pgtest.Database
	store     *s3.Store
	keys      *s3test.Keys
	issuer    *oidctest.Issuer
	api       *API
	server    *httptest.Server
	workflows *fakeWorkflows
	uploads   *uploads.Uploads
	inviting  *playedInvitations
	mailing   *playedMails
	document  *documentCheck
	codes     *playedCodes
	codec     *payloads.Codec
	control   *playedControl
	cloud     *playedCloud
}

// playedCodes notes to whom a code was to be mailed.
type playedCodes struct {
	mu   sync.Mutex
	sent []uuid.UUID
}

func (p *playedCodes) SendCode(_ context.Context, _ tenancy.OrgID, _, recipient uuid.UUID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, recipient)
	return nil
}

var contentURL = "http://content.test"

func setup(t testing.TB) *testBundle { t.Helper(); return setupWithin(t, middleware.Limits{}) }

// setupWithin is setup with other bounds of requests.
func setupWithin(t testing.TB, bounds middleware.Limits) *testBundle {
	t.Helper()
	b := &testBundle{t: t, db: pgtest.New(t), issuer: oidctest.New(t), workflows: &fakeWorkflows{}, inviting: &playedInvitations{}, mailing: &playedMails{}, document: newDocumentCheck(t), codes: &playedCodes{}, cloud: &playedCloud{}, control: &playedControl{queues: map[queue.Name]jobs.Queue{}}}
	b.store, b.keys = s3test.Sealed(t)
	b.workflows.db = b.db
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	metrics := prometheus.NewRegistry()
	receiver, err := uploads.New(uploads.Config{SpoolDir: t.TempDir(), TTL: formHour, NetworkTimeout: formHour, LockTimeout: formHour},
		uploads.Ports{DB: b.db.ForPeople(), Staging: b.store.Staging, OnReceived: b.workflows.Start, Log: log, Metrics: metrics})
	require.NoError(t, err)
	b.uploads = receiver
	hasher, err := people.NewHasher(people.HashConfig{Key: "a key of the tests, long enough to be one"})
	require.NoError(t, err)
	links, err := signed.New(signed.Config{Keys: []string{"a key of the tests, long enough to be one"}})
	require.NoError(t, err)
	box, err := sealed.New(sealed.Config{Keys: strings.Repeat("A", 43) + "="})
	require.NoError(t, err)
	b.codec, err = payloads.New(box, true)
	require.NoError(t, err)
	tokens, err := notifications.NewTokens(box)
	require.NoError(t, err)
	meter := usage.NewMeter(b.db.DB, time.Now)
	atEdge, err := edge.New(edge.Config{Listen: "127.0.0.1:0", Keys: []string{edgeKey}}, links, b.store.Clean, meter, metrics)
	require.NoError(t, err)
	list, err := providers.New(playedModels)
	require.NoError(t, err)
	verifier, err := oidc.New(oidc.Config{Issuer: b.issuer.URL, Audience: oidctest.Audience})
	require.NoError(t, err)
	wrapping, err := kms.ParseFile([]byte("test " + strings.Repeat("A", 43) + "="))
	require.NoError(t, err)
	security, err := securitytxt.New(securitytxt.Config{Contacts: []string{"mailto:security@school.test"}, Expires: time.Now().AddDate(0, 6, 0)}, "")
	require.NoError(t, err)
	b.api = New(Parts{
		Edge:   atEdge,
		Links:  links,
		Codes:  b.codes,
		Limits: bounds,
		Config: Config{ContentURL: contentURL, Origins: []string{"https://school.test"}}, DB: b.db.DB,
		RateLimits: ratelimit.Config{AddressPerMinute: 18_000},
		Verifier:   verifier, Uploads: receiver, Workflows: b.workflows, Jobs: b.control, Invitations: b.inviting, ShareMails: b.mailing, Hasher: hasher,
		Security:   security,
		InvitePage: invitepage.New(invitepage.Config{}, b.issuer.URL, nil, slog.New(slog.DiscardHandler)),
		Staging:    b.store.Staging, Clean: b.store.Clean, Exports: b.store.Exports, Rosters: b.store.Staging, Secrets: box, Payloads: b.codec, Tokens: tokens, Providers: list, Vault: connections.Vault{Box: kms.New(wrapping)}, Roblox: b.cloud.open, Loopback: true,
		Ready: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"ready":true,"missing":[]}`)
		}),
		Log: log, Metrics: metrics, Meter: meter,
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = b.api.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	b.server = httptest.NewServer(b.bothHosts())
	t.Cleanup(b.server.Close)
	t.Cleanup(b.api.Drain)
	return b
}

// bothHosts answers signed addresses as the content host and all others as the API.
func (b *testBundle) bothHosts() http.Handler {
	content, rest := b.api.ContentHandler(), b.api.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, signed.Path) {
			content.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}

const formHour = 3600e9

// person is a member who can call.
type person struct {
	b     *testBundle
	org   tenancy.OrgID
	id    uuid.UUID
	token string
	role  tenancy.Role
}

// organization makes one that may ask often; the tests of limits use tier.
func (b *testBundle) organization() tenancy.OrgID { return b.tier("enterprise") }

func (b *testBundle) tier(name string) tenancy.OrgID {
	b.t.Helper()
	return b.db.OrganizationOf(b.t, name, 1<<30)
}

func (b *testBundle) person(org tenancy.OrgID, role tenancy.Role) *person {
	b.t.Helper()
	ctx, subject := context.Background(), uuid.NewString()
	user, err := b.db.EnsureUserOf(ctx, org, b.issuer.URL, subject)
	require.NoError(b.t, err)
	require.NoError(b.t, tenancy.SetMember(ctx, b.db.Single(org), user, role))
	return &person{b: b, org: org, id: user, token: b.issuer.Token(subject), role: role}
}

// answer is a response that was read to its end and held against the document.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// call sends a request as the person. A body that is no reader goes as JSON.
func (p *person) call(method, path string, in any, header ...string) answer {
	p.b.t.Helper()
	return p.b.call(p.token, method, path, in, header...)
}

func (b *testBundle) call(token, method, path string, in any, header ...string) answer {
	b.t.Helper()
	var r io.Reader
	contentType := ""
	switch v := in.(type) {
	case nil:
	case io.Reader:
		r = v
	default:
		j, err := json.Marshal(v)
		require.NoError(b.t, err)
		r, contentType = bytes.NewReader(j), "application/json"
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, r)
	require.NoError(b.t, err)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := b.server.Client().Do(req)
	require.NoError(b.t, err)
	defer func() { _ = resp.Body.Close() }()
	read, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	b.document.response(b.t, req, resp, read)
	return answer{t: b.t, status: resp.StatusCode, header: resp.Header, body: read}
}

func (a answer) is(status int) answer {
	a.t.Helper()
	require.Equal(a.t, status, a.status, "%s", a.body)
	return a
}

// refused checks a problem and its code.
func (a answer) refused(status int, code string) answer {
	a.t.Helper()
	a.is(status)
	require.Equal(a.t, "application/problem+json", a.header.Get("Content-Type"))
	var p problem.Problem
	require.NoError(a.t, json.Unmarshal(a.body, &p))
	require.Equal(a.t, code, p.Code)
	require.Equal(a.t, status, p.Status)
	return a
}

func read[T any](a answer) T {
	a.t.Helper()
	var v T
	require.NoError(a.t, json.Unmarshal(a.body, &v), "%s", a.body)
	return v
}

// form is a multipart body with fields, then the file, then more fields.
func form(name string, content []byte, before, after map[string]string) (io.Reader, string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range before {
		_ = w.WriteField(k, v)
	}
	part, _ := w.CreateFormFile("file", name)
	_, _ = part.Write(content)
	for k, v := range after {
		_ = w.WriteField(k, v)
	}
	_ = w.Close()
	return &b, w.FormDataContentType()
}

// class makes a class of these people and gives its space. Those who may not teach
// are its pupils.
func (b *testBundle) class(people ...*person) (space uuid.UUID) {
	b.t.Helper()
	ctx, id, q := context.Background(), uuid.New(), b.db.Single(people[0].org)
	_, err := q.Exec(ctx, "insert into classes (organization_id, id, title) values (app.org(), $1, '7b')", id)
	require.NoError(b.t, err)
	for _, p := range people {
		role := "teacher"
		if p.role == tenancy.Student {
			role = "student"
		}
		_, err = q.Exec(ctx, "insert into class_members (organization_id, class_id, user_id, origin, role) values (app.org(), $1, $2, 'manual', $3)", id, p.id, role)
		require.NoError(b.t, err)
	}
	require.NoError(b.t, q.QueryRow(ctx, "select id from spaces where class_id = $1 and kind = 'class'", id).Scan(&space))
	return space
}

// group makes a space of the person and lets others add to it, over the API.
func (p *person) group(others ...uuid.UUID) (space uuid.UUID) {
	p.b.t.Helper()
	space = read[struct{ ID uuid.UUID }](p.call(post, spacesPath, map[string]any{"kind": "group", "name": "Group of " + uuid.NewString()}).is(http.StatusCreated)).ID
	for _, other := range others {
		p.call(post, spacesPath+"/"+space.String()+"/grants", map[string]any{"user_id": other, "level": 2}).is(http.StatusCreated)
	}
	return space
}

// upload sends a file by form and gives it as the API shows it.
func (p *person) upload(name string, content []byte) storage.FileView {
	p.b.t.Helper()
	return p.uploadTo(uuid.Nil, name, content)
}

// uploadTo is upload into a space; without one, into the person's own.
func (p *person) uploadTo(space uuid.UUID, name string, content []byte) storage.FileView {
	p.b.t.Helper()
	var place map[string]string
	if space != uuid.Nil {
		place = map[string]string{"space_id": space.String()}
	}
	body, contentType := form(name, content, place, nil)
	return read[storage.FileView](p.call(post, storagePath+"/upload", body, "Content-Type", contentType).is(http.StatusAccepted))
}

// publish plays the workflow of a version that is found clean.
func (b *testBundle) publish(org tenancy.OrgID, file uuid.UUID) {
	b.t.Helper()
	v := b.head(org, file)
	require.NoError(b.t, b.publishVersion(org, v.VersionID, ""))
}

func (b *testBundle) publishVersion(org tenancy.OrgID, version uuid.UUID, signature string) error {
	ctx, q := context.Background(), b.db.Single(org)
	v, err := files.GetVersion(ctx, q, version)
	if err != nil {
		return err
	}
	err = files.Step(ctx, q, version, files.StepInspect, 1, func() error { return files.Inspected(ctx, q, version, files.Inspection{MimeType: mediaType(v.Name)}) })
	if err != nil {
		return err
	}
	verdict := files.Verdict{Verdict: verdict.Clean, SHA256: v.Sha256, Engine: "test", Database: "1"}
	if signature != "" {
		verdict.Verdict, verdict.Signature = "infected", signature
	}
	if err := files.Scanned(ctx, q, version, verdict); err != nil {
		return err
	}
	if signature != "" {
		return b.db.InTx(ctx, org, func(tx *tenancy.Tx) error {
			return files.Withdraw(ctx, tx, version, files.Quarantined, "infected:"+signature)
		})
	}
	etag, err := b.store.Clean.CopyFrom(ctx, b.store.Staging.Name(), files.StagingKey(org, version), v.StagingEtag, files.ContentKey(org, version))
	if err != nil {
		return err
	}
	return b.db.InTx(ctx, org, func(tx *tenancy.Tx) error { return files.Publish(ctx, tx, version, etag) })
}

func (b *testBundle) head(org tenancy.OrgID, file uuid.UUID) files.View {
	b.t.Helper()
	v, err := files.Get(context.Background(), b.db.Single(org), file)
	require.NoError(b.t, err)
	if v.HeadID != nil && *v.HeadID != v.VersionID {
		v, err = files.GetOf(context.Background(), b.db.Single(org), file, *v.HeadID)
		require.NoError(b.t, err)
	}
	return v
}

// published uploads and publishes a text.
func (p *person) published(name, content string) storage.FileView {
	p.b.t.Helper()
	return p.publishedIn(uuid.Nil, name, content)
}

// publishedIn is published in a space.
func (p *person) publishedIn(space uuid.UUID, name, content string) storage.FileView {
	p.b.t.Helper()
	f := p.uploadTo(space, name, []byte(content))
	p.b.publish(p.org, f.ID)
	return read[storage.FileView](p.call(get, at(f.ID, ""), nil).is(http.StatusOK))
}

func at(id uuid.UUID, rest string) string { return storagePath + "/files/" + id.String() + rest }

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

var lorem = strings.Repeat("A school keeps what its pupils write. ", 500)

// mediaType is what the inspection finds of a text with the name.
func mediaType(name string) string {
	if row, ok := types.ByName(name); ok {
		return row.MediaType
	}
	return "text/plain"
}
