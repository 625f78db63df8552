package e2e

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"

	"satchel/client"
)

// TestAcceptance are the checks of compliance that a stranger can run, through the public API
// and the mailbox of a parent. docs/compliance/auditors.md has their list. They wait more than
// they work, so some run beside each other whatever -parallel says.
func TestAcceptance(t *testing.T) {
	t.Parallel()
	checks := []struct {
		name  string
		check func(t *testing.T)
	}{
		{"01 a known child without a basis sends nothing", knownChildWithoutABasis},
		{"02 a link that is opened changes nothing and is used once", linkIsUsedOnce},
		{"03 what no parent answered for is deleted with the address", noParentAnswers},
		{"04 a consent by mail permits no disclosure", consentByMailPermitsNoDisclosure},
		{"05 a withdrawn consent ends reads and leaves nothing", withdrawnConsent},
		{"06 holds and open requests stop a deletion until they end", holdsStopDeletions},
		{"07 the database refuses children's data without days", childrensDataHasDays},
		{"08 a share has a basis and is on record as it is made", sharesHaveABasis},
		{"09 who opted out is in no directory, also after leaving", optOutOutlivesTheStay},
		{"10 a statement travels with the file", statementTravels},
		{"11 the audit log is not changed without a trace", auditLogIsKept},
		{"12 Temporal holds nothing personal", temporalHoldsNothingPersonal},
		{"13 the clock of 45 days warns and runs out", clockOf45Days},
		{"14 personal data is found in rows that were never seen", personalDataInNewRows},
		{"15 no served picture says where it was taken", picturesTellNoPlace},
	}
	var wait sync.WaitGroup
	room := make(chan struct{}, 4)
	for _, c := range checks {
		room <- struct{}{}
		wait.Go(func() {
			defer func() { <-room }()
			t.Run(c.name, c.check)
		})
	}
	wait.Wait()
}

// family is a school with Ada, who is known to be a child, her parent, and Ben, who is none.
type family struct{ *classroom }

// newFamily makes the school, with or without an authorization of its own to collect files.
func newFamily(t *testing.T, authorized bool) family {
	t.Helper()
	provision := local.ProvisionOnly
	if authorized {
		provision = local.ProvisionTier
	}
	id, err := provision(testContext(t), "e2e-"+uuid.NewString(), "Test school", "enterprise")
	require.NoError(t, err)
	s := &classroom{school: school{ID: id}, t: t}
	for to, role := range map[*person]string{&s.owner: "owner", &s.admin: "admin", &s.teacher: "teacher", &s.ada: "student", &s.ben: "student", &s.parent: "parent"} {
		*to = s.person(role, role)
	}
	s.Owner, s.Teacher, s.Student = s.owner.Client, s.teacher.Client, s.ada.Client
	s.class = s.newClass("4a", s.teacher, s.ada, s.ben)
	for p, grade := range map[person]string{s.ada: "4", s.ben: "10"} {
		s.must(s.owner, http.MethodPost, s.within("/people"), map[string]any{"user_id": p.id, "kind": "student", "display_name": "A student of grade " + grade, "grade": grade}, nil)
		s.must(s.owner, http.MethodPost, s.within("/guardians"), map[string]string{"parent_id": s.parent.id, "student_id": p.id}, nil)
	}
	return family{s}
}

func (s school) within(path string) string { return "/api/v1/organizations/" + s.ID + path }

// offers sends a file to the class.
func (f family) offers(p person, name string, content []byte) (string, error) {
	return p.Upload(testContext(f.t), client.Upload{Body: readerAt(content), Size: int64(len(content)), Metadata: map[string]string{"filename": name, "space_id": f.class.Space}})
}

// sends is offers that must succeed, to the end of the pipeline.
func (f family) sends(p person, name string, content []byte) client.File {
	f.t.Helper()
	id, err := f.offers(p, name, content)
	require.NoError(f.t, err)
	return settled(f.t, p.Client, id)
}

// ruled demands a refusal that names its rule.
func ruled(t *testing.T, err error, status int, code, rule string) {
	t.Helper()
	refused(t, err, status, code)
	var p *client.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, rule, p.Rule)
}

// versions are the ids of the versions of a file, under which its objects lie.
func (f family) versions(file string) (ids []string) {
	f.t.Helper()
	rows, err := superuser(f.t).Query(testContext(f.t), "select id::text from file_versions where organization_id = $1 and file_id = $2", f.ID, file)
	require.NoError(f.t, err)
	ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(f.t, err)
	require.NotEmpty(f.t, ids)
	return ids
}

// objects are the keys, in all buckets, that name one of the versions.
func (s school) objects(t *testing.T, versions ...string) (keys []string) {
	t.Helper()
	store, err := minio.New(local.S3.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(local.S3.AccessKey, local.S3.SecretKey, "")})
	require.NoError(t, err)
	for _, bucket := range local.S3.Buckets {
		for o := range store.ListObjects(testContext(t), bucket, minio.ListObjectsOptions{Prefix: s.ID, Recursive: true}) {
			require.NoError(t, o.Err)
			for _, version := range versions {
				if strings.Contains(o.Key, version) {
					keys = append(keys, bucket+"/"+o.Key)
				}
			}
		}
	}
	return keys
}

// gone waits until a file and its objects are no more.
func (f family) gone(p person, file string, versions []string) {
	f.t.Helper()
	comes(f.t, "the file is deleted", func() bool {
		_, err := p.Get(testContext(f.t), file)
		return code(err) == "file_not_found"
	})
	comes(f.t, "its objects are deleted", func() bool { return len(f.objects(f.t, versions...)) == 0 })
}

// gate says what becomes of files of children without a basis.
func (f family) gate(gate string) {
	f.t.Helper()
	f.must(f.owner, http.MethodPut, f.within("/consent"), map[string]any{"gate": gate, "youngest_grade": nil, "hold_days": 14, "own_webhooks": false, "own_webhooks_reason": ""}, nil)
}

// asks has the school ask Ada's parent, and gives the request and the parent's address.
func (f family) asks() (request, address string) {
	f.t.Helper()
	ctx := testContext(f.t)
	_, err := f.owner.PublishConsentNotice(ctx, f.ID, client.NewConsentNotice{Language: "en", Notice: map[string]any{
		"summary": "The school asks whether it may keep files of your child.", "collected": "Files that your child adds.", "used": "School work.", "disclosed": "To the teachers of the child.",
		"third_parties": []any{map[string]any{"name": "A maker of games", "purpose": "Places of classes"}}, "consent_required": "Nothing is collected without your consent.",
		"online_notice": "https://school.example/privacy", "means": "By the two questions below.", "contact_deleted": "Your address is deleted after two weeks without an answer.",
		"rights": "You may see the files, have them deleted, and refuse further use.",
	}})
	require.NoError(f.t, err)
	address = uuid.NewString() + "@home.example"
	r, err := f.owner.AskForConsent(ctx, f.ID, f.ada.id, client.NewConsentRequest{Email: address, Language: "en"})
	require.NoError(f.t, err)
	return r.ID, address
}

// asked is a request for consent as the school sees it.
type asked struct {
	State      string
	HasAddress bool `json:"has_address"`
}

func (f family) asked(request string) (a asked) {
	f.t.Helper()
	f.must(f.owner, http.MethodGet, f.within("/consent-requests/"+request), nil, &a)
	return a
}

func (f family) becomes(request, state string) {
	f.t.Helper()
	comes(f.t, "the request becomes "+state, func() bool { return f.asked(request).State == state })
}

var consentLink = regexp.MustCompile(`/consent/([A-Za-z0-9_-]+)`)

// link waits for the n-th mail to a parent and gives the token of its link.
func link(t *testing.T, address string, n int) (token string) {
	t.Helper()
	comes(t, "a mail to the parent", func() bool {
		mails, err := local.Mails(testContext(t), address)
		if err != nil || len(mails) < n {
			return false
		}
		found := consentLink.FindStringSubmatch(mails[0].Text)
		require.NotNil(t, found, mails[0].Text)
		token = found[1]
		return true
	})
	return token
}

func consentPage(token string) string { return local.API + "/consent/" + token }

var formKey = regexp.MustCompile(`name="key" value="([^"]+)"`)

// answers sends the form of a page, as a parent's browser does.
func answers(t *testing.T, token, what string, fields url.Values) reply {
	t.Helper()
	key := formKey.FindSubmatch(fetch(t, consentPage(token)).body)
	require.NotNil(t, key, "the page has no form")
	if fields == nil {
		fields = url.Values{}
	}
	fields.Set("key", string(key[1]))
	return send(t, http.MethodPost, consentPage(token)+"/"+what, "application/x-www-form-urlencoded", strings.NewReader(fields.Encode()))
}

// consents has Ada's parent agree by mail, and gives the token by which that is withdrawn.
func (f family) consents() (request, withdraw string) {
	f.t.Helper()
	request, address := f.asks()
	r := answers(f.t, link(f.t, address, 1), "answer", url.Values{"use": {"yes"}, "disclose": {"yes"}})
	require.Equal(f.t, http.StatusOK, r.status, "%s", r.body)
	require.Equal(f.t, "provisional", f.asked(request).State, "it counts with the second mail")
	f.passes(f.t, 25*time.Hour)
	f.becomes(request, "granted")
	return request, link(f.t, address, 2)
}

// tables are those with rows of organizations.
func (f family) tables(ctx context.Context) (names []string) {
	f.t.Helper()
	rows, err := superuser(f.t).Query(ctx, `select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`)
	require.NoError(f.t, err)
	names, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(f.t, err)
	require.NotEmpty(f.t, names)
	return names
}
