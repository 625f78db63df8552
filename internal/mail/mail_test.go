package mail_test

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"satchel/internal/freeport"
	"satchel/internal/mail"
)

// server is a real SMTP server that answers as the test wants.
type server struct {
	mu             sync.Mutex
	onRcpt, onData error
	gate           chan struct{} // Data waits for it
	mails          []string

	tls          *tls.Config // nil: the server offers none
	implicit     bool        // from the first byte
	password     string      // empty: no one logs in
	insecureAuth bool

	begun, inTheClear, logins atomic.Int32 // mails begun, those without TLS, passwords sent
}

type session struct {
	s    *server
	conn *smtp.Conn
}

func (x session) Reset()        {}
func (x session) Logout() error { return nil }
func (x session) Mail(string, *smtp.MailOptions) error {
	x.s.begun.Add(1)
	if _, protected := x.conn.TLSConnectionState(); !protected {
		x.s.inTheClear.Add(1)
	}
	return nil
}
func (x session) Rcpt(string, *smtp.RcptOptions) error { return x.s.onRcpt }
func (x session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if x.s.gate != nil {
		<-x.s.gate
	}
	if err != nil {
		return err
	}
	if x.s.onData != nil {
		return x.s.onData // as it is: the server looks at its type
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.mails = append(x.s.mails, string(b))
	return nil
}

func (s *server) start(t *testing.T, address string) string {
	t.Helper()
	l, err := net.Listen("tcp", address)
	require.NoError(t, err)
	up := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return session{s, c}, nil }))
	up.Domain, up.TLSConfig, up.AllowInsecureAuth = "localhost", s.tls, s.insecureAuth
	up.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are what some tests are about
	if s.implicit {
		l, up.TLSConfig = tls.NewListener(l, s.tls), nil
	}
	go func() { _ = up.Serve(l) }()
	t.Cleanup(func() { _ = up.Close() })
	return l.Addr().String()
}

func sender(t *testing.T, address string, change func(*mail.Config)) *mail.Sender {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", address)
	require.NoError(t, err)
	c := mail.Config{Host: a.IP.String(), Port: a.Port, TLS: mail.None, From: "Satchel <no-reply@school.example>", Timeout: 5 * time.Second}
	if change != nil {
		change(&c)
	}
	s, err := mail.New(c)
	require.NoError(t, err)
	return s
}

var letter = mail.Message{To: "someone@school.example", Subject: "Grüße", Text: "plain words", HTML: "<p>marked words</p>"}

func TestBothFormsArrive(t *testing.T) {
	t.Parallel()
	s := &server{}
	require.NoError(t, sender(t, s.start(t, "127.0.0.1:0"), nil).Send(t.Context(), letter))
	require.Len(t, s.mails, 1)
	for _, part := range []string{"To: <someone@school.example>", "plain words", "<p>marked words</p>", "multipart/alternative", "Auto-Submitted: auto-generated", "=?UTF-8?"} {
		require.Contains(t, s.mails[0], part)
	}
}

// TestCheckSendsNothing: the way to the server is tried up to the login, and no mail leaves.
func TestCheckSendsNothing(t *testing.T) {
	t.Parallel()
	s := &server{}
	address := s.start(t, "127.0.0.1:0")
	require.NoError(t, sender(t, address, nil).Check(t.Context()))
	require.Empty(t, s.mails)
	require.ErrorIs(t, sender(t, "127.0.0.1:1", nil).Check(t.Context()), mail.ErrUnavailable)
	require.ErrorIs(t, sender(t, address, func(c *mail.Config) { c.TLS = mail.StartTLS }).Check(t.Context()), mail.ErrInsecure)
}

// TestReplies holds each reply against what it means for another attempt. No
// error may repeat the address.
func TestReplies(t *testing.T) {
	t.Parallel()
	reply := func(code int) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "about someone@school.example"}
	}
	for name, c := range map[string]struct {
		rcpt, data, want error
	}{
		"the address does not exist":  {rcpt: reply(550), want: mail.ErrAddressRefused},
		"the address is gray-listed":  {rcpt: reply(451), want: mail.ErrDeferred},
		"the mail is taken for spam":  {data: reply(554), want: mail.ErrRefused},
		"the server's disk is full":   {data: reply(452), want: mail.ErrDeferred},
		"the mailbox is full for now": {rcpt: reply(452), want: mail.ErrDeferred},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &server{onRcpt: c.rcpt, onData: c.data}
			err := sender(t, s.start(t, "127.0.0.1:0"), nil).Send(t.Context(), letter)
			require.ErrorIs(t, err, c.want)
			require.NotContains(t, err.Error(), "someone")
		})
	}
}

func TestDownThenUp(t *testing.T) {
	t.Parallel()
	address := freeport.Address(t).String()
	out := sender(t, address, nil)
	require.ErrorIs(t, out.Send(t.Context(), letter), mail.ErrUnavailable)
	s := &server{}
	s.start(t, address)
	require.NoError(t, out.Send(t.Context(), letter))
	require.Len(t, s.mails, 1)
}

// TestSlowServer: neither one that says nothing nor one that takes the mail and
// never answers holds a worker for longer than the timeout.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	gate := make(chan struct{})
	defer close(gate)
	s := &server{gate: gate}
	for address, want := range map[string]error{l.Addr().String(): mail.ErrUnavailable, s.start(t, "127.0.0.1:0"): mail.ErrUnsure} {
		began := time.Now()
		err = sender(t, address, func(c *mail.Config) { c.Timeout = 300 * time.Millisecond }).Send(t.Context(), letter)
		require.ErrorIs(t, err, want)
		require.Less(t, time.Since(began), 5*time.Second)
	}
}

func TestCancelledSendEnds(t *testing.T) {
	t.Parallel()
	s := &server{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, sender(t, s.start(t, "127.0.0.1:0"), nil).Send(ctx, letter))
	require.Empty(t, s.mails)
}

// TestNothingGoesInTheClear: a server that offers no TLS gets nothing where TLS
// is demanded, and going without is for this machine only.
func TestNothingGoesInTheClear(t *testing.T) {
	t.Parallel()
	s := &server{}
	err := sender(t, s.start(t, "127.0.0.1:0"), func(c *mail.Config) { c.TLS = mail.StartTLS }).Send(t.Context(), letter)
	require.ErrorIs(t, err, mail.ErrInsecure)
	require.Empty(t, s.mails)
	for name, c := range map[string]mail.Config{
		"SATCHEL_SMTP_TLS":  {Host: "mail.school.example", Port: 25, TLS: mail.None, From: "a@school.example", Timeout: time.Second},
		"starttls, tls":     {Host: "127.0.0.1", Port: 25, TLS: "sometimes", From: "a@school.example", Timeout: time.Second},
		"SATCHEL_SMTP_FROM": {Host: "127.0.0.1", Port: 25, TLS: mail.None, From: "unknown", Timeout: time.Second},
	} {
		_, err := mail.New(c)
		require.ErrorContains(t, err, name)
	}
}

// TestHeadersCannotBeAdded: a line break in a subject or an address ends nothing.
func TestHeadersCannotBeAdded(t *testing.T) {
	t.Parallel()
	s := &server{}
	out := sender(t, s.start(t, "127.0.0.1:0"), nil)
	hostile := letter
	hostile.Subject = "hello\r\nBcc: other@school.example"
	if err := out.Send(t.Context(), hostile); err == nil {
		head, _, _ := strings.Cut(s.mails[0], "\r\n\r\n")
		require.NotContains(t, head, "\r\nBcc:")
	}
	hostile.To = "someone@school.example>\r\nRCPT TO:<other@school.example"
	require.ErrorIs(t, out.Send(t.Context(), hostile), mail.ErrAddressRefused)
}

// TestMailWithAnIDKeepsIt: who gets it twice can see that it is one.
func TestMailWithAnIDKeepsIt(t *testing.T) {
	t.Parallel()
	s := &server{}
	from := sender(t, s.start(t, "127.0.0.1:0"), nil)
	named := letter
	named.ID = "0198c2b4"
	for _, m := range []mail.Message{named, named, letter, letter} {
		require.NoError(t, from.Send(t.Context(), m))
	}
	ids := make([]string, len(s.mails))
	for i, m := range s.mails {
		_, rest, _ := strings.Cut(m, "Message-ID: <")
		ids[i], _, _ = strings.Cut(rest, ">")
	}
	require.Equal(t, []string{"0198c2b4@school.example", "0198c2b4@school.example"}, ids[:2])
	require.NotEqual(t, ids[2], ids[3])
	require.NotEmpty(t, ids[2])
}
