package mail_test

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net"
	netmail "net/mail"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/stretchr/testify/require"

	"satchel/internal/mail"
)

// TestSignedAndUnsubscribable: another implementation of RFC 6376 finds the signature
// good, over what RFC 8058 demands.
func TestSignedAndUnsubscribable(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	longPublic, err := x509.MarshalPKIXPublicKey(&long.PublicKey)
	require.NoError(t, err)
	for record, key := range map[string]any{
		"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public): private,
		"v=DKIM1; p=" + base64.StdEncoding.EncodeToString(longPublic):        long,
	} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)
		s := &server{}
		out := sender(t, s.start(t, "127.0.0.1:0"), func(c *mail.Config) {
			c.DKIMDomain, c.DKIMSelector, c.DKIMKey = "school.example", "one", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
			c.Bounces = "bounces@school.example"
		})
		require.NoError(t, out.Send(t.Context(), mail.Message{ID: "0192", To: "someone@school.example", Subject: "Grüße", Text: strings.Repeat("words ", 300), HTML: "<p>words</p>",
			Organization: "Lincoln School", ReplyTo: "office@lincoln.example", Unsubscribe: "https://satchel.example/unsubscribe/abc", ReportTag: "tag", Language: "de"}))
		require.Len(t, s.mails, 1)
		found, err := dkim.VerifyWithOptions(strings.NewReader(s.mails[0]), &dkim.VerifyOptions{LookupTXT: func(string) ([]string, error) { return []string{record}, nil }})
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.NoError(t, found[0].Err)
		signed := strings.ToLower(strings.Join(found[0].HeaderKeys, " "))
		for _, name := range []string{"from", "to", "subject", "message-id", "list-unsubscribe", "list-unsubscribe-post"} {
			require.Contains(t, strings.Fields(signed), name)
		}
		m, err := netmail.ReadMessage(strings.NewReader(s.mails[0]))
		require.NoError(t, err)
		require.Equal(t, "<https://satchel.example/unsubscribe/abc>", m.Header.Get("List-Unsubscribe"))
		require.Equal(t, "List-Unsubscribe=One-Click", m.Header.Get("List-Unsubscribe-Post"))
		require.Equal(t, `"Lincoln School via Satchel" <no-reply@school.example>`, m.Header.Get("From"))
		require.Equal(t, "<office@lincoln.example>", m.Header.Get("Reply-To"))
		require.Equal(t, "<0192@school.example>", m.Header.Get("Message-Id"))
		require.Equal(t, "bounces+tag@school.example", m.Header.Get("X-Report-To"))
	}
}

// TestNoHeaderIsInjected by anything that a person chose.
func TestNoHeaderIsInjected(t *testing.T) {
	t.Parallel()
	const evil = "x\r\nBcc: evil@evil.test\r\n\r\nbody"
	s := &server{}
	out := sender(t, s.start(t, "127.0.0.1:0"), nil)
	require.NoError(t, out.Send(t.Context(), mail.Message{To: "someone@school.example", Subject: evil, Organization: evil, ReplyTo: evil, Language: evil, Text: "t", HTML: "h"}))
	m, err := netmail.ReadMessage(strings.NewReader(s.mails[0]))
	require.NoError(t, err)
	require.Empty(t, m.Header["Bcc"])
	require.Empty(t, m.Header["Reply-To"])
	require.NotContains(t, s.mails[0], "\r\nBcc:")
	require.Error(t, out.Send(t.Context(), mail.Message{To: "someone@school.example", Unsubscribe: "https://a.test/" + evil}))
	require.ErrorIs(t, out.Send(t.Context(), mail.Message{To: "someone@school.example\r\nRCPT TO:<evil@evil.test>"}), mail.ErrAddressRefused)
}

func TestIdentityIsChecked(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*mail.Config){
		"a bounce address with a name":      func(c *mail.Config) { c.Bounces = "A <a@b.example>" },
		"a bounce address that is too long": func(c *mail.Config) { c.Bounces = strings.Repeat("a", 21) + "@b.example" },
		"half of a key":                     func(c *mail.Config) { c.DKIMDomain = "b.example" },
		"no key":                            func(c *mail.Config) { c.DKIMDomain, c.DKIMSelector, c.DKIMKey = "b.example", "s", "secret" },
	} {
		c := mail.Config{Host: "127.0.0.1", Port: 1, TLS: mail.None, From: "a@b.example"}
		change(&c)
		_, err := mail.New(c)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "secret")
	}
}

// TestLostAnswer: a server that hangs up behind the mail may have taken it, which is
// told apart from one that hangs up before.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	for last, want := range map[string]error{".": mail.ErrUnsure, "DATA": mail.ErrUnavailable} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer func() { _ = c.Close() }()
			_, _ = io.WriteString(c, "220 here\r\n")
			lines, data := bufio.NewScanner(c), false
			for lines.Scan() {
				line := strings.ToUpper(lines.Text())
				if line == last {
					return
				}
				switch {
				case data:
				case line == "DATA":
					data = true
					_, _ = io.WriteString(c, "354 go on\r\n")
				default:
					_, _ = io.WriteString(c, "250 yes\r\n")
				}
			}
		}()
		require.ErrorIs(t, sender(t, l.Addr().String(), nil).Send(t.Context(), letter), want)
	}
}
