package api

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	compiled "github.com/pb33f/libopenapi-validator/cache"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/stretchr/testify/require"
)

// documentCheck holds what the server says against what the document says.
type documentCheck struct {
	v validator.Validator
}

var parseDocument = sync.OnceValues(func() (validator.Validator, []error) {
	d, err := libopenapi.NewDocument(document)
	if err != nil {
		return nil, []error{err}
	}
	schemas := &usedSchemas{SchemaCache: compiled.NewDefaultCache(), starting: true}
	defer func() { schemas.starting = false }()
	return validator.NewValidator(d, config.WithSchemaCache(schemas))
})

// usedSchemas compiles a schema when an answer is first held against it. By itself the validator
// compiles all of the document when it starts, which takes seconds of each run of a single test.
type usedSchemas struct {
	compiled.SchemaCache

	starting bool
}

func (u *usedSchemas) Load(key uint64) (*compiled.SchemaCacheEntry, bool) {
	if u.starting {
		return nil, true // as if it were compiled
	}
	return u.SchemaCache.Load(key)
}

var validatorLock sync.Mutex

func newDocumentCheck(t testing.TB) *documentCheck {
	t.Helper()
	validatorLock.Lock()
	defer validatorLock.Unlock()
	v, errs := parseDocument()
	require.Empty(t, errs)
	return &documentCheck{v: v}
}

// response checks JSON answers; bytes and streams have no schema to break.
func (d *documentCheck) response(t testing.TB, req *http.Request, resp *http.Response, body []byte) {
	t.Helper()
	if kind := resp.Header.Get("Content-Type"); !strings.Contains(kind, "json") || strings.Contains(kind, "ndjson") || resp.Header.Get("X-Request-ID") == "" || req.Method == head {
		return
	}
	if req.Method == http.MethodOptions && req.Header.Get("Access-Control-Request-Method") != "" {
		return // a browser's own question, on every path and in no document
	}
	if strings.Contains(string(body), "no_such_route") || strings.Contains(string(body), "method_not_allowed") {
		return
	}
	validatorLock.Lock()
	defer validatorLock.Unlock()
	copied := *resp
	copied.Body = io.NopCloser(bytes.NewReader(body))
	ok, errs := d.v.ValidateHttpResponse(req, &copied)
	for _, e := range errs {
		t.Logf("%s %s: %s: %s", req.Method, req.URL.Path, e.Message, e.Reason)
		for _, s := range e.SchemaValidationErrors {
			t.Logf("  %s at %s", s.Reason, s.FieldPath)
		}
	}
	require.True(t, ok, "the answer to %s %s is not what the document says: %s", req.Method, req.URL.Path, body)
}

// TestAWrongAnswerIsFound: the first answer with a schema is held against it, and each one behind it.
func TestAWrongAnswerIsFound(t *testing.T) {
	t.Parallel()
	d := newDocumentCheck(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://api.test/api/v1/me", nil)
	require.NoError(t, err)
	validatorLock.Lock()
	defer validatorLock.Unlock()
	for range 2 {
		ok, errs := d.v.ValidateHttpResponse(req, &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(`{"user_id":5}`))})
		require.False(t, ok)
		require.NotEmpty(t, errs)
		require.NotEmpty(t, errs[0].SchemaValidationErrors)
	}
}

func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	d := newDocumentCheck(t)
	validatorLock.Lock()
	defer validatorLock.Unlock()
	ok, errs := d.v.ValidateDocument()
	for _, e := range errs {
		t.Log(e.Message, e.Reason)
		for _, s := range e.SchemaValidationErrors {
			t.Log(s.Reason, s.FieldPath)
		}
	}
	require.True(t, ok)
}

var ginParameter = regexp.MustCompile(`:(\w+)`)

// Every route is in the document and every call of the document is a route.
func TestRouterAndDocumentAgree(t *testing.T) {
	t.Parallel()
	var routed, described []string
	for _, r := range (&API{}).Routes() {
		routed = append(routed, r.Method+" "+ginParameter.ReplaceAllString(r.Path, "{$1}"))
	}
	d, err := libopenapi.NewDocument(document)
	require.NoError(t, err)
	model, err := d.BuildV3Model()
	require.NoError(t, err)
	for path, item := range model.Model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			described = append(described, strings.ToUpper(method)+" "+path)
			public := op.Security != nil && len(op.Security) == 0
			i := slices.IndexFunc((&API{}).Routes(), func(r Route) bool {
				return r.Method == strings.ToUpper(method) && ginParameter.ReplaceAllString(r.Path, "{$1}") == path
			})
			if i >= 0 {
				require.Equal(t, (&API{}).Routes()[i].Action == anyone, public, "%s %s: who may call it", method, path)
			}
		}
	}
	slices.Sort(routed)
	slices.Sort(described)
	require.Equal(t, routed, described)
}

// The document tells of the header on exactly those calls that take it.
func TestDocumentTellsWhichCallsTakeAKey(t *testing.T) {
	t.Parallel()
	d, err := libopenapi.NewDocument(document)
	require.NoError(t, err)
	model, err := d.BuildV3Model()
	require.NoError(t, err)
	ways := map[string]bool{}
	for _, r := range (&API{}).Routes() {
		if r.Idempotency.Replay != nil {
			ways[r.Method+" "+ginParameter.ReplaceAllString(r.Path, "{$1}")] = true
		}
	}
	for path, item := range model.Model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			told := false
			for _, p := range op.Parameters {
				told = told || p.Name == "Idempotency-Key"
			}
			key := strings.ToUpper(method) + " " + path
			require.Equal(t, ways[key], told, key)
		}
	}
}
