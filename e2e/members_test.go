package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/client"
)

type invitation struct {
	ID       string
	State    string
	Delivery string
	Email    *string
}

func (s school) invite(t *testing.T, email, role string, expires time.Duration) invitation {
	t.Helper()
	in := map[string]any{"email": email, "role": role}
	if expires > 0 {
		in["expires_in"] = int64(expires / time.Second)
	}
	var i invitation
	require.NoError(t, s.Owner.Call(testContext(t), http.MethodPost, "/api/v1/organizations/"+s.ID+"/invitations", in, &i))
	return i
}

func (s school) invitation(t *testing.T, id string) (i invitation) {
	t.Helper()
	require.NoError(t, s.Owner.Call(testContext(t), http.MethodGet, "/api/v1/organizations/"+s.ID+"/invitations/"+id, nil, &i))
	return i
}

// token waits for the n-th mail to an address and reads its link.
func token(t *testing.T, to string, n int) string {
	t.Helper()
	var found string
	require.Eventually(t, func() bool {
		mails, err := local.Mails(testContext(t), to)
		if err != nil || len(mails) < n {
			return false
		}
		_, rest, _ := strings.Cut(mails[0].Text, "#token=")
		found, _, _ = strings.Cut(rest, "\n")
		return found != ""
	}, patience, 200*time.Millisecond)
	return strings.TrimSpace(found)
}

// newcomer is a person of the issuer who is a member of nothing.
func newcomer(t *testing.T) *client.Client {
	t.Helper()
	return newcomerNamed(t, "newcomer-"+uuid.NewString())
}

func newcomerNamed(t *testing.T, subject string) *client.Client {
	t.Helper()
	access, err := local.Mint(testContext(t), subject)
	require.NoError(t, err)
	return &client.Client{Base: local.API, Token: access}
}

func accept(t *testing.T, c *client.Client, token string) error {
	t.Helper()
	return c.Call(testContext(t), http.MethodPost, "/api/v1/invitations/accept", map[string]string{"token": token}, nil)
}

func code(err error) string {
	if p, ok := err.(*client.Problem); ok { //nolint:errorlint // the client gives it unwrapped
		return p.Code
	}
	return ""
}

func TestInvitationFromMailToMember(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	to := uuid.NewString() + "@school.example"
	i := s.invite(t, to, "teacher", 0)
	mailed := token(t, to, 1)
	for range 3 { // scanners follow links
		var open struct{ Organization, Role string }
		require.NoError(t, (&client.Client{Base: local.API}).Call(testContext(t), http.MethodGet, "/api/v1/invitations/"+mailed, nil, &open))
		require.Equal(t, "teacher", open.Role)
	}
	require.Equal(t, "sent", s.invitation(t, i.ID).Delivery)
	person := newcomer(t)
	require.NoError(t, accept(t, person, mailed))
	require.Equal(t, "invitation_used", code(accept(t, newcomer(t), mailed)), "it works once")
	var me struct {
		Memberships []struct {
			Organization string `json:"organization_id"`
			Role         string
		}
	}
	require.NoError(t, person.Call(testContext(t), http.MethodGet, "/api/v1/me", nil, &me))
	require.Len(t, me.Memberships, 1)
	require.Equal(t, s.ID, me.Memberships[0].Organization)
	require.Equal(t, "teacher", me.Memberships[0].Role)
	f := settled(t, person, mustUpload(t, person, "first.txt", text(100)))
	require.Equal(t, "published", f.Status)
	i = s.invitation(t, i.ID)
	require.Equal(t, "accepted", i.State)
	require.Nil(t, i.Email)
}

func TestInvitationExpiresByItself(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	to := uuid.NewString() + "@school.example"
	i := s.invite(t, to, "student", 20*time.Second)
	mailed := token(t, to, 1)
	require.Eventually(t, func() bool { return s.invitation(t, i.ID).State == "expired" }, patience, 500*time.Millisecond)
	require.Equal(t, "invitation_expired", code(accept(t, newcomer(t), mailed)))
	require.Nil(t, s.invitation(t, i.ID).Email)
}

func TestRevokedInvitationIsWorthNothing(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	to := uuid.NewString() + "@school.example"
	i := s.invite(t, to, "student", 0)
	mailed := token(t, to, 1)
	require.NoError(t, s.Owner.Call(testContext(t), http.MethodDelete, "/api/v1/organizations/"+s.ID+"/invitations/"+i.ID, nil, nil))
	require.Equal(t, "invitation_revoked", code(accept(t, newcomer(t), mailed)))
	again := s.invite(t, to, "student", 0)
	require.NotEqual(t, i.ID, again.ID, "the address may be invited again")
	require.NoError(t, accept(t, newcomer(t), token(t, to, 2)))
}
