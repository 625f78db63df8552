package webhooks_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/internal/sealed"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/webhooks"
)

// TestLibrarySignsLikeTheSpecification, by the example of the specification's own
// libraries.
func TestLibrarySignsLikeTheSpecification(t *testing.T) {
	t.Parallel()
	w, err := standardwebhooks.NewWebhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	signature, err := w.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	require.NoError(t, err)
	require.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", signature)
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for url, loopback := range map[string]bool{
		"https://school.example/hook": false, "https://school.example:8443/a?b=c": false, "https://93.184.215.14/": false, "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/": false,
		"http://127.0.0.1:8080/": true, "http://localhost/": true, "https://[::1]/": true,
	} {
		require.NoError(t, webhooks.CheckURL(url, true), url)
		require.Equal(t, loopback, webhooks.CheckURL(url, false) != nil, url)
	}
	for _, url := range []string{
		"", "school.example", "//school.example", "http://school.example/", "ftp://school.example/", "https:///hook", "https://u:p@school.example/", "https://school.example/#f",
		"https://10.0.0.1/", "https://169.254.169.254/latest/meta-data", "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/", "https://100.64.0.1/", "https://0.0.0.0/", "https:school.example",
		"https://school.example/" + strings.Repeat("a", 2000), "https://school.example/\x00", "http://10.0.0.1/", "https://school.example:99999/", "https://school.example:0/",
	} {
		require.ErrorIs(t, webhooks.CheckURL(url, true), webhooks.ErrURL, url)
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"93.184.215.14", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1", "::ffff:8.8.8.8"} {
		require.True(t, webhooks.Public(netip.MustParseAddr(text)), text)
	}
	for _, text := range []string{
		"0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1",
		"192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001:db8::1", "2001::1", "2002:7f00:1::", "fc00::1",
		"fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
	} {
		require.False(t, webhooks.Public(netip.MustParseAddr(text)), text)
	}
}

// TestCommonEventsNotifyForWebhooks: what a file says most often wakes no worker where no webhook is active,
// and everything else does.
func TestCommonEventsNotifyForWebhooks(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	quiet, other := d.Organization(t, 1), d.Organization(t, 1)
	owner := d.Member(t, quiet, tenancy.Owner)
	heard := make(chan string, 16)
	go func() {
		_ = d.Listen(t.Context(), tenancy.Channels{events.Channel: func(p string) { heard <- p }}, nil)
	}()
	require.Empty(t, <-heard)
	tell := func(org tenancy.OrgID, kind string) {
		t.Helper()
		_, err := d.Single(org).Exec(t.Context(), "select app.tell(app.org(), $1, '{}')", kind)
		require.NoError(t, err)
	}
	for _, kind := range []string{"version.created", "file.published", "preview.added"} {
		tell(quiet, kind)
	}
	tell(other, "file.trashed")
	require.Equal(t, other.String(), <-heard, "the first that wakes")
	require.NoError(t, d.InTx(t.Context(), quiet, func(tx *tenancy.Tx) error {
		return webhooks.Create(t.Context(), tx, tenancy.NewID(), webhooks.Change{URL: "https://school.example/"}, 0, owner)
	}))
	for _, kind := range []string{"version.created", "file.published", "preview.added"} {
		tell(quiet, kind)
		require.Equal(t, quiet.String(), <-heard, kind)
	}
}

const key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// TestRotationOverlaps: both secrets sign until the old one expires; each kind is
// verified by what was shown once, and the database has neither in clear.
func TestRotationOverlaps(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1)
	owner, id, now := d.Member(t, org, tenancy.Owner), tenancy.NewID(), time.Now()
	box, err := sealed.New(sealed.Config{Keys: key})
	require.NoError(t, err)
	add := func(kind webhooks.Kind, overlap time.Duration) (shown string) {
		require.NoError(t, d.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
			shown, err = webhooks.AddSecret(t.Context(), tx, box, webhooks.NewSecret{ID: tenancy.NewID(), Webhook: id, Kind: kind, Overlap: overlap}, now)
			return err
		}))
		return shown
	}
	require.NoError(t, d.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
		return webhooks.Create(t.Context(), tx, id, webhooks.Change{URL: "https://school.example/"}, 0, owner)
	}))
	first, second, public := add(webhooks.HMAC, 0), add(webhooks.HMAC, time.Hour), add(webhooks.Ed25519, 0)
	require.Regexp(t, `^whsec_[A-Za-z0-9+/]{43}=$`, first)
	require.Regexp(t, `^whpk_[A-Za-z0-9+/]{43}=$`, public)

	body, event := []byte(`{"type":"file.published"}`), uuid.NewString()
	sign := func(at time.Time) string {
		secrets, err := webhooks.Secrets(t.Context(), d.Single(org), at, id)
		require.NoError(t, err)
		signer, err := webhooks.NewSigner(box, org, secrets)
		require.NoError(t, err)
		signature, err := signer.Sign(event, at, body)
		require.NoError(t, err)
		return signature
	}
	verify := func(secret string, at time.Time) error {
		w, err := standardwebhooks.NewWebhook(secret)
		require.NoError(t, err)
		h := http.Header{}
		h.Set("webhook-id", event)
		h.Set("webhook-timestamp", fmt.Sprint(at.Unix()))
		h.Set("webhook-signature", sign(at))
		return w.VerifyIgnoringTimestamp(body, h)
	}
	require.NoError(t, verify(first, now))
	require.NoError(t, verify(second, now))
	later := now.Add(time.Hour + time.Second)
	require.Error(t, verify(first, later), "the overlap is over")
	require.NoError(t, verify(second, later))

	_, v1a, found := strings.Cut(sign(now), "v1a,")
	require.True(t, found)
	signature, err := base64.StdEncoding.DecodeString(strings.Fields(v1a)[0])
	require.NoError(t, err)
	publicKey, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(public, "whpk_"))
	require.NoError(t, err)
	require.True(t, ed25519.Verify(publicKey, fmt.Appendf(nil, "%s.%d.%s", event, now.Unix(), body), signature))

	var stored string
	require.NoError(t, d.Single(org).QueryRow(t.Context(), "select string_agg(sealed, ' ') from webhook_secrets").Scan(&stored))
	require.NotContains(t, stored, strings.TrimPrefix(first, "whsec_"))
	other, err := sealed.New(sealed.Config{Keys: base64.StdEncoding.EncodeToString([]byte(strings.Repeat("b", 32)))})
	require.NoError(t, err)
	secrets, err := webhooks.Secrets(t.Context(), d.Single(org), now, id)
	require.NoError(t, err)
	_, err = webhooks.NewSigner(other, org, secrets)
	require.ErrorIs(t, err, sealed.ErrOpen, "nothing is sent without its signature")
}

// TestReplayIsOfTheWebhooksTime: what was disabled misses events; those from before it was
// made are not its receiver's.
func TestReplayIsOfTheWebhooksTime(t *testing.T) {
	t.Parallel()
	d, now := pgtest.New(t), time.Now()
	org := d.Organization(t, 1)
	owner, id := d.Member(t, org, tenancy.Owner), tenancy.NewID()
	event := func(seq int64, at time.Time) {
		_, err := d.Single(org).Exec(t.Context(), "insert into organization_events (organization_id, seq, id, type, data, at) values (app.org(), $1, $2, 'file.published', '{}', $3)", seq, tenancy.NewID(), at)
		require.NoError(t, err)
	}
	event(1, now.Add(-time.Hour))
	require.NoError(t, d.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
		return webhooks.Create(t.Context(), tx, id, webhooks.Change{URL: "https://school.example/"}, 3, owner)
	}))
	event(2, now.Add(time.Minute))
	event(3, now.Add(time.Hour))
	replayed := func(s webhooks.Span) (n int64) {
		require.NoError(t, d.InTx(t.Context(), org, func(tx *tenancy.Tx) (err error) {
			n, err = webhooks.ReplaySpan(t.Context(), tx, id, s, now)
			return err
		}))
		return n
	}
	require.Zero(t, replayed(webhooks.Span{Since: now.Add(-2 * time.Hour), Until: now.Add(-time.Minute)}))
	require.EqualValues(t, 2, replayed(webhooks.Span{Since: now.Add(-48 * time.Hour), Until: now.Add(2 * time.Hour)}))
}

func TestTierLimits(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.OrganizationOf(t, "free", 1)
	owner := d.Member(t, org, tenancy.Owner)
	create := func() error {
		return d.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
			return webhooks.Create(t.Context(), tx, tenancy.NewID(), webhooks.Change{URL: "https://school.example/"}, 0, owner)
		})
	}
	require.NoError(t, create())
	require.ErrorIs(t, create(), webhooks.ErrTooMany)
}
