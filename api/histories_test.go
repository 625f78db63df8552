package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"

	"satchel/internal/payloads"
	"satchel/tenancy"
)

// stored gives a value as Temporal stores it of a workflow of an organization.
func (b *testBundle) stored(org tenancy.OrgID, value any) json.RawMessage {
	b.t.Helper()
	values, _ := payloads.Converters(b.codec)
	values = converter.WithDataConverterSerializationContext(values, converter.WorkflowSerializationContext{WorkflowID: "upload/" + org.String() + "/" + uuid.NewString()})
	in, err := values.ToPayloads(value)
	require.NoError(b.t, err)
	text, err := protojson.Marshal(in)
	require.NoError(b.t, err)
	return text
}

// TestHistoriesAreOpenedForOperators: an operator reads what is stored encrypted, and an
// owner does not.
func TestHistoriesAreOpenedForOperators(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, operator := b.person(b.professional(), tenancy.Owner), b.person(tenancy.Platform, tenancy.Operator)
	path := adminPath + "/temporal/decode"
	stored := b.stored(owner.org, map[string]string{"Version": "a version"})
	require.NotContains(t, string(stored), "a version")
	owner.call(post, path, stored).refused(403, "not_granted")

	var out commonpb.Payloads
	require.NoError(t, protojson.Unmarshal([]byte(operator.call(post, path, stored).is(200).text()), &out))
	require.JSONEq(t, `{"Version":"a version"}`, string(out.GetPayloads()[0].GetData()))
	plain := `{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"MQ=="}]}`
	require.JSONEq(t, plain, operator.call(post, path, json.RawMessage(plain)).is(200).text(), "what is not encrypted passes")
	require.JSONEq(t, `{}`, operator.call(post, path, json.RawMessage(`{"payloads":[]}`)).is(200).text())

	operator.call(post, path, json.RawMessage(strings.Replace(string(stored), `"data":"`, `"data":"AAAA`, 1))).refused(400, "payload_unreadable")
	operator.call(post, path, json.RawMessage(`{"payloads":1}`)).refused(400, "invalid_body")
}
