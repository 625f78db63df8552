package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/client"
)

// exportOf asks for an export and gives every entry of its archives.
func exportOf(t *testing.T, c *client.Client, org string, begun func()) map[string][]byte {
	t.Helper()
	ctx := testContext(t)
	var export struct {
		ID        string `json:"operation_id"`
		Operation string
	}
	require.NoError(t, c.Call(ctx, http.MethodPost, "/api/v1/organizations/"+org+"/export", nil, &export))
	begun()
	op := operationOf(t, c, export.Operation)
	require.Equal(t, "succeeded", op.State, string(op.Error))
	var made struct {
		Parts []struct {
			Number int
			Size   int64
		}
		Missing int
	}
	require.NoError(t, json.Unmarshal(op.Result, &made))
	require.Zero(t, made.Missing)
	entries := map[string][]byte{}
	for _, p := range made.Parts {
		var packed bytes.Buffer
		_, err := c.DownloadRendition(ctx, fmt.Sprintf("/api/v1/organizations/%s/exports/%s/%d", org, export.ID, p.Number), 0, &packed)
		require.NoError(t, err)
		require.EqualValues(t, p.Size, packed.Len())
		z, err := zip.NewReader(bytes.NewReader(packed.Bytes()), p.Size)
		require.NoError(t, err)
		for _, f := range z.File {
			r, err := f.Open()
			require.NoError(t, err)
			entries[f.Name], err = io.ReadAll(r)
			require.NoError(t, err)
		}
	}
	return entries
}

// TestExportOfAnOrganization takes everything along while the worker is killed,
// and after a suspension as well.
func TestExportOfAnOrganization(t *testing.T) {
	s, other := newSchool(t), newSchool(t)
	want := map[string][]byte{}
	for i := range 3 {
		name, content := fmt.Sprintf("file %d ü.txt", i), text(400_000)
		id := mustUpload(t, s.Student, name, content)
		require.Equal(t, "published", settled(t, s.Student, id).Status)
		want[fmt.Sprintf("files/%s/1/%s", id, name)] = content
	}
	mustUpload(t, other.Student, "foreign.txt", text(1000))
	entries := exportOf(t, s.Owner, s.ID, func() { kill(t, "worker") })
	for name, content := range want {
		require.Equal(t, content, entries[name], name)
	}
	for name, content := range entries {
		require.NotContains(t, string(content), other.ID, name)
	}
	require.Contains(t, string(entries["members.ndjson"]), `"owner"`)
	require.Contains(t, string(entries["audit.ndjson"]), "file.publish")
	ready(t)
	s.sound(t)

	operator := local.Operator()
	require.NoError(t, operator.Call(testContext(t), http.MethodPost, "/api/v1/organizations/"+s.ID+"/suspend", nil, nil))
	require.Len(t, exportOf(t, s.Owner, s.ID, func() {}), len(entries), "its owner still takes everything along")
	var resumed struct{ Operation string }
	require.NoError(t, operator.Call(testContext(t), http.MethodPost, "/api/v1/organizations/"+s.ID+"/resume", nil, &resumed))
	mustUpload(t, s.Student, "again.txt", text(1000))
	require.Equal(t, "succeeded", operationOf(t, operator, resumed.Operation).State)
}

// TestStudentsExportNothing, and an export says nothing of itself to strangers.
func TestStudentsExportNothing(t *testing.T) {
	s := newSchool(t)
	err := s.Student.Call(context.Background(), http.MethodPost, "/api/v1/organizations/"+s.ID+"/export", nil, nil)
	refused(t, err, http.StatusForbidden, "not_granted")
}
