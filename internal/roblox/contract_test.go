package roblox

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	verrors "github.com/pb33f/libopenapi-validator/errors"
	"github.com/stretchr/testify/require"

	"satchel/internal/roblox/robloxtest"
)

// departures are the answers that the published contract does not describe, each with its
// reason. Requests depart nowhere.
var departures = map[string]string{
	"introspect": "the contract has no such path; the guide describes it",
	"place":      "text/plain, and the contract describes no body of the request",
}

// TestTheContract compares what the client sends and what the fake answers with the contract
// as it was published: `make contracts FILE=…`.
func TestTheContract(t *testing.T) {
	t.Parallel()
	file := os.Getenv("SATCHEL_ROBLOX_CONTRACT")
	if file == "" {
		t.Skip("needs the published contract: make contracts FILE=…")
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	document, err := libopenapi.NewDocument(text)
	require.NoError(t, err)
	check, errs := validator.NewValidator(document)
	require.Empty(t, errs)

	// With a source of chance ids are strings, as the guide has them and the contract has not.
	for _, asPublished := range []bool{true, false} {
		f := &robloxtest.Fake{OperationPolls: 1, Moderate: func(*robloxtest.Asset) (string, int) { return "Rejected", 1 }}
		if !asPublished {
			f.Random = rand.New(rand.NewPCG(3, 4))
		}
		f.SetEntry("9/satchel/map", `{"a":1}`)
		f.SetOrdered("9/satchel-progress/quiz", "123", 50)
		f.Active, f.QueryPolls = map[string]int64{"2026-01-31": 12}, 1
		c := open(t, f)
		for _, name := range order {
			require.NoError(t, all[name](t.Context(), c), name)
		}
		require.Error(t, all["operation"](t.Context(), open(t, &robloxtest.Fake{Plan: func(*http.Request, int) robloxtest.Play { return robloxtest.Broken }})))
		seen := 0
		for _, r := range f.Requests() {
			kind := robloxtest.Kind(r.Method, r.Path)
			if departures[kind] != "" {
				continue
			}
			seen++
			request := asDescribed(t, r)
			valid, wrong := check.ValidateHttpRequest(request)
			require.True(t, valid, "request %s %s: %s", r.Method, r.Path, texts(wrong))
			answer := &http.Response{StatusCode: r.Status, Header: http.Header{"Content-Type": {r.AnswerType}}, Body: io.NopCloser(bytes.NewReader(r.Answer)), Request: request}
			valid, wrong = check.ValidateHttpResponse(asDescribed(t, r), answer)
			if asPublished {
				require.True(t, valid, "answer to %s %s: %s\n%s", r.Method, r.Path, texts(wrong), r.Answer)
			}
		}
		require.Equal(t, len(order)-len(departures), seen)
	}

	// A validator that takes everything proves nothing.
	for _, bad := range []robloxtest.Request{
		{Method: http.MethodPost, Path: "/cloud/v2/universes/9:publishMessage", ContentType: "application/json", Body: []byte(`{"topic":7}`)},
		{Method: http.MethodPost, Path: "/cloud/v2/universes/9:shout", ContentType: "application/json", Body: []byte(`{}`)},
		{Method: http.MethodPut, Path: "/assets/v1/assets/7", ContentType: "application/json", Body: []byte(`{}`)},
		{Method: http.MethodPatch, Path: "/asset-permissions-api/v1/assets/permissions", ContentType: "application/json", Body: []byte(`{"action":"Own"}`)},
	} {
		valid, _ := check.ValidateHttpRequest(asDescribed(t, bad))
		require.False(t, valid, "%s %s", bad.Method, bad.Path)
	}
}

// asDescribed writes a request as the contract does whose verbs have a segment of their own:
// validators find no path in which a parameter ends with a verb.
func asDescribed(t *testing.T, r robloxtest.Request) *http.Request {
	t.Helper()
	path := r.Path
	if at := strings.LastIndex(path, ":"); at > strings.LastIndex(path, "/") && !strings.HasPrefix(path[strings.LastIndex(path, "/"):], "/data-stores:") {
		path = path[:at] + "/" + path[at:]
	}
	request, err := http.NewRequestWithContext(t.Context(), r.Method, "https://apis.roblox.com"+path+"?"+r.Query, bytes.NewReader(r.Body))
	require.NoError(t, err)
	request.Header.Set("X-Api-Key", "key")
	if r.ContentType != "" {
		request.Header.Set("Content-Type", r.ContentType)
	}
	return request
}

// texts are the reasons of a validator.
func texts(all []*verrors.ValidationError) string {
	var s []string
	for _, e := range all {
		s = append(s, e.Message+": "+e.Reason)
		for _, d := range e.SchemaValidationErrors {
			s = append(s, d.Reason+" at "+d.FieldPath)
		}
	}
	return strings.Join(s, "; ")
}
