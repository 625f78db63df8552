package payloads

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"satchel/internal/sealed"
)

const secret = "Ada Lovelace, 078-05-1120, essay.docx"

func newKey() string {
	key := make([]byte, keySize)
	_, _ = rand.Read(key)
	return base64.StdEncoding.EncodeToString(key)
}

func codec(t *testing.T, keys string, encrypt bool) *Codec {
	t.Helper()
	box, err := sealed.New(sealed.Config{Keys: keys})
	require.NoError(t, err)
	c, err := New(box, encrypt)
	require.NoError(t, err)
	return c
}

func workflow(id string) converter.SerializationContext {
	return converter.WorkflowSerializationContext{WorkflowID: id}
}

func bytesOf(t *testing.T, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	require.NoError(t, err)
	return b
}

func TestValuesAreEncryptedUnderTheKeyOfTheOrganization(t *testing.T) {
	t.Parallel()
	values, _ := Converters(codec(t, newKey(), true))
	org := uuid.NewString()
	own := converter.WithDataConverterSerializationContext(values, workflow("upload/"+org+"/"+uuid.NewString()))
	stored, err := own.ToPayload(map[string]string{"Name": secret})
	require.NoError(t, err)
	require.NotContains(t, string(bytesOf(t, stored)), "Lovelace")
	require.Equal(t, org, string(stored.GetMetadata()[metadataOrg]))

	for what, reader := range map[string]converter.DataConverter{
		"its own": own, "without a context": values,
		"of an activity": converter.WithDataConverterSerializationContext(values, converter.ActivitySerializationContext{WorkflowID: "upload/" + org}),
	} {
		var back map[string]string
		require.NoError(t, reader.FromPayload(stored, &back), what)
		require.Equal(t, secret, back["Name"], what)
	}
	again, err := own.ToPayload(map[string]string{"Name": secret})
	require.NoError(t, err)
	require.NotEqual(t, stored.GetData(), again.GetData(), "equal values are not seen to be equal")

	foreign := proto.CloneOf(stored)
	foreign.Metadata[metadataOrg] = []byte(uuid.NewString())
	changed := proto.CloneOf(stored)
	changed.Data[len(changed.Data)/2] ^= 1
	short := proto.CloneOf(stored)
	short.Data = short.Data[:5]
	for what, bad := range map[string]*commonpb.Payload{"of another organization": foreign, "changed": changed, "cut": short} {
		require.ErrorIs(t, values.FromPayload(bad, new(any)), ErrDecode, what)
	}
}

func TestOrganizationOf(t *testing.T) {
	t.Parallel()
	org := uuid.NewString()
	for id, want := range map[string]string{
		"upload/" + org + "/x": org, "edge/" + org: org, "sweep-uploads": platform, "": platform, "a/b/c": platform,
		"reconcile/" + org: org, "a/{" + org + "}": platform, "a/urn:uuid:" + org: platform,
	} {
		require.Equal(t, want, organizationOf(id), id)
	}
}

// TestAKeyIsReplaced reads what the old key encrypted, and no key reads what it did not.
func TestAKeyIsReplaced(t *testing.T) {
	t.Parallel()
	before, after := newKey(), newKey()
	old, _ := Converters(codec(t, before, true))
	stored, err := old.ToPayload(secret)
	require.NoError(t, err)
	both, _ := Converters(codec(t, after+"\n"+before, true))
	var back string
	require.NoError(t, both.FromPayload(stored, &back))
	require.Equal(t, secret, back)
	fresh, err := both.ToPayload(secret)
	require.NoError(t, err)
	require.Error(t, old.FromPayload(fresh, &back), "the first key encrypts")
	without, _ := Converters(codec(t, after, true))
	require.Error(t, without.FromPayload(stored, &back))
}

// TestHistoriesFromBeforeAreRead: what is not encrypted passes, and a program that does not
// encrypt yet opens what others encrypted.
func TestHistoriesFromBeforeAreRead(t *testing.T) {
	t.Parallel()
	key := newKey()
	plain, err := converter.GetDefaultDataConverter().ToPayload(secret)
	require.NoError(t, err)
	encrypts, _ := Converters(codec(t, key, true))
	opens, failures := Converters(codec(t, key, false))
	stored, err := encrypts.ToPayload(secret)
	require.NoError(t, err)
	for _, reader := range []converter.DataConverter{encrypts, opens} {
		for _, p := range []*commonpb.Payload{plain, stored} {
			var back string
			require.NoError(t, reader.FromPayload(p, &back))
			require.Equal(t, secret, back)
		}
	}
	open, err := opens.ToPayload(secret)
	require.NoError(t, err)
	require.True(t, proto.Equal(plain, open))
	require.Contains(t, failures.ErrorToFailure(errors.New(secret)).GetMessage(), secret)
}

// TestFailuresAreEncrypted: the message, the stack and the details of a failure and of its
// cause are not readable, and come back whole.
func TestFailuresAreEncrypted(t *testing.T) {
	t.Parallel()
	_, c := Converters(codec(t, newKey(), true))
	org := uuid.NewString()
	c = converter.WithFailureConverterSerializationContext(c, workflow("upload/"+org+"/x"))
	failed := temporal.NewApplicationErrorWithOptions("could not read "+secret, "unreadable", temporal.ApplicationErrorOptions{
		Cause: errors.New("because of " + secret), Details: []any{secret}, NonRetryable: true,
	})
	stored := c.ErrorToFailure(failed)
	text := bytesOf(t, stored)
	require.NotContains(t, string(text), "Lovelace")
	require.True(t, bytes.Contains(text, []byte(org)), "under the key of the organization")

	var back *temporal.ApplicationError
	require.ErrorAs(t, c.FailureToError(stored), &back)
	require.Contains(t, back.Message(), secret)
	require.Equal(t, "unreadable", back.Type(), "the code is a fixed word and is read without a key")
	require.True(t, back.NonRetryable())
	var detail string
	require.NoError(t, back.Details(&detail))
	require.Equal(t, secret, detail)
	require.ErrorContains(t, errors.Unwrap(back), secret)
}
