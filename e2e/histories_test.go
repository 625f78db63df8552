package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	contract "satchel/client"
)

// What is planted wherever people write: in names, texts, reasons and addresses.
const (
	plantedName   = "Unmistakable Plum"
	plantedNumber = "078-05-1120"
	plantedMail   = "unmistakable.plum@school.example"
)

// TestHistoriesHoldNothingPersonal plants a name, a number and an address in everything
// that starts work, and finds none of them in what Temporal stores, opened or not, nor in
// its indexes, the metrics and the logs.
func TestHistoriesHoldNothingPersonal(t *testing.T) {
	t.Parallel()
	s := newClassroom(t)
	ctx := testContext(t)
	mark := plantedName + " " + plantedNumber
	taken := settled(t, s.teacher.Client, mustUpload(t, s.teacher.Client, mark+".txt", []byte(mark+" "+plantedMail+"\n")))
	require.Equal(t, "published", taken.Status)
	settled(t, s.teacher.Client, mustUpload(t, s.teacher.Client, mark+" 2.txt", eicar()))
	settled(t, s.teacher.Client, mustUpload(t, s.teacher.Client, mark+" 3.docx", []byte(mark)))
	s.folder(s.teacher, s.class.Space, contract.NewFolder{Name: mark})
	_, err := s.teacher.CreateShare(ctx, contract.NewShare{Kind: "people", Permission: "download", File: taken.ID, Label: mark, With: []contract.ShareWith{{Email: plantedMail}}})
	require.NoError(t, err)
	s.must(s.owner, http.MethodPost, "/api/v1/organizations/"+s.ID+"/invitations", map[string]any{"email": plantedMail, "role": "teacher"}, nil)
	s.must(s.owner, http.MethodPost, "/api/v1/organizations/"+s.ID+"/export", nil, nil)
	_, err = s.teacher.Change(ctx, contract.NewBulk{Action: "tag", IDs: []string{taken.ID}, AddTags: []string{plantedName}})
	require.NoError(t, err)

	kinds := s.historiesHoldNothing(t, 6)
	require.Contains(t, kinds, "UploadFile")
	nothingIsWrittenElsewhere(t)
}

// historiesHoldNothing looks for what was planted in everything that Temporal stores of the
// school, once it indexed so many workflows, and gives the types of those.
func (s school) historiesHoldNothing(t *testing.T, atLeast int64) map[string]int {
	t.Helper()
	ctx := testContext(t)
	c, err := client.DialContext(ctx, client.Options{HostPort: local.Temporal, Namespace: "satchel"})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	query := fmt.Sprintf("OrgId = '%s'", s.ID)
	require.Eventually(t, func() bool { // the index runs behind
		n, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: "satchel", Query: query})
		return err == nil && n.GetCount() >= atLeast
	}, patience, 200*time.Millisecond)

	kinds, encrypted := map[string]int{}, 0
	for token := []byte(nil); ; {
		page, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: "satchel", Query: query, NextPageToken: token})
		require.NoError(t, err)
		for _, w := range page.GetExecutions() {
			kinds[w.GetType().GetName()]++
			nothingPlanted(t, "the index", w)
			events := c.GetWorkflowHistory(ctx, w.GetExecution().GetWorkflowId(), w.GetExecution().GetRunId(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			for events.HasNext() {
				e, err := events.Next()
				require.NoError(t, err)
				nothingPlanted(t, w.GetType().GetName(), e)
				for _, p := range payloadsOf(e.ProtoReflect()) {
					if string(p.GetMetadata()["encoding"]) == "binary/encrypted" {
						encrypted++
						nothingPlanted(t, w.GetType().GetName()+", opened", opened(t, p))
					} else {
						require.NotContains(t, string(p.GetMetadata()["encoding"]), "json", "%s of %s is stored plain: %s", e.GetEventType(), w.GetType().GetName(), p.GetData())
					}
				}
			}
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			break
		}
	}
	require.Greater(t, encrypted, 10, "%v", kinds)
	return kinds
}

// nothingIsWrittenElsewhere looks for what was planted in metrics and logs.
func nothingIsWrittenElsewhere(t *testing.T) {
	t.Helper()
	for _, address := range []string{local.Metrics.API, local.Metrics.Worker} {
		resp, err := http.Get(address)
		require.NoError(t, err)
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		nothingPlantedIn(t, address, text)
	}
	logs, err := filepath.Glob(filepath.Join(filepath.Dir(os.Getenv("SATCHEL_STACK_FILE")), "log", "*.log"))
	require.NoError(t, err)
	require.NotEmpty(t, logs)
	for _, name := range logs {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		nothingPlantedIn(t, name, text)
	}
}

// opened asks the API, as the Temporal UI does for an operator.
func opened(t *testing.T, p *commonpb.Payload) *commonpb.Payloads {
	t.Helper()
	in, err := protojson.Marshal(&commonpb.Payloads{Payloads: []*commonpb.Payload{p}})
	require.NoError(t, err)
	resp, err := local.Operator().Send(testContext(t), http.MethodPost, "/api/v1/admin/temporal/decode", http.Header{"Content-Type": {"application/json"}}, bytes.NewReader(in))
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	var out commonpb.Payloads
	require.NoError(t, protojson.Unmarshal(text, &out))
	return &out
}

// payloadsOf finds the payloads in a message, but not those of search attributes, which are
// plain by nature and looked through as they are.
func payloadsOf(m protoreflect.Message) (found []*commonpb.Payload) {
	if p, ok := m.Interface().(*commonpb.Payload); ok {
		return []*commonpb.Payload{p}
	}
	if _, ok := m.Interface().(*commonpb.SearchAttributes); ok {
		return nil
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap() && f.MapValue().Message() != nil:
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				found = append(found, payloadsOf(v.Message())...)
				return true
			})
		case f.IsList() && f.Message() != nil:
			for i := range v.List().Len() {
				found = append(found, payloadsOf(v.List().Get(i).Message())...)
			}
		case f.Message() != nil && !f.IsMap():
			found = append(found, payloadsOf(v.Message())...)
		}
		return true
	})
	return found
}

func nothingPlanted(t *testing.T, where string, m proto.Message) {
	t.Helper()
	text, err := proto.Marshal(m)
	require.NoError(t, err)
	nothingPlantedIn(t, where, text)
}

func nothingPlantedIn(t *testing.T, where string, text []byte) {
	t.Helper()
	lower := strings.ToLower(string(text))
	for _, planted := range []string{plantedName, "unmistakable", plantedNumber, plantedMail} {
		if i := strings.Index(lower, strings.ToLower(planted)); i >= 0 {
			t.Fatalf("%s has %q: …%q…", where, planted, text[max(0, i-80):min(len(text), i+80)])
		}
	}
}
