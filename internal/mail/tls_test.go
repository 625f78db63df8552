package mail_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"satchel/internal/mail"
)

// authority is a CA of one test.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	PEM  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA of a test"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	var der []byte
	a.key, der = a.sign(template, template, nil)
	var err error
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	a.PEM = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return a
}

func (a *authority) sign(template, parent *x509.Certificate, by *ecdsa.PrivateKey) (*ecdsa.PrivateKey, []byte) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	if by == nil {
		by = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	require.NoError(a.t, err)
	return key, der
}

// server makes the configuration of a server with a certificate that is good,
// or is not when change says so.
func (a *authority) server(change func(*x509.Certificate)) *tls.Config {
	a.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "mail server of a test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	if change != nil {
		change(template)
	}
	key, der := a.sign(template, a.cert, a.key)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
}

func protected(mode mail.TLS, ca string) func(*mail.Config) {
	return func(c *mail.Config) { c.TLS, c.CA = mode, ca }
}

func TestBothWaysOfTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	for _, mode := range []mail.TLS{mail.StartTLS, mail.Implicit} {
		s := &server{tls: a.server(nil), implicit: mode == mail.Implicit}
		require.NoError(t, sender(t, s.start(t, "127.0.0.1:0"), protected(mode, a.PEM)).Send(t.Context(), letter), mode)
		require.Len(t, s.mails, 1)
		require.Zero(t, s.inTheClear.Load(), mode)
	}
}

// TestBadCertificates: each is refused, in both ways, and no word of the mail is
// said to anyone who shows it.
func TestBadCertificates(t *testing.T) {
	t.Parallel()
	a, other := newAuthority(t), newAuthority(t)
	for name, c := range map[string]struct {
		ca     string
		change func(*x509.Certificate)
	}{
		"unknown authority":       {ca: other.PEM},
		"this machine knows none": {ca: ""},
		"another server's": {ca: a.PEM, change: func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = nil, []string{"mail.school.example"}
		}},
		"its time is over":    {ca: a.PEM, change: func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }},
		"its time is to come": {ca: a.PEM, change: func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }},
		"a client's": {ca: a.PEM, change: func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}},
	} {
		for _, mode := range []mail.TLS{mail.StartTLS, mail.Implicit} {
			t.Run(name+"/"+string(mode), func(t *testing.T) {
				t.Parallel()
				s := &server{tls: a.server(c.change), implicit: mode == mail.Implicit}
				err := sender(t, s.start(t, "127.0.0.1:0"), protected(mode, c.ca)).Send(t.Context(), letter)
				require.ErrorIs(t, err, mail.ErrInsecure)
				require.Zero(t, s.begun.Load(), "no mail was begun")
			})
		}
	}
}

// TestNoTLSIsNoMail: what a server does not offer, or someone on the way took
// out of its offer, ends the attempt.
func TestNoTLSIsNoMail(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	for _, mode := range []mail.TLS{mail.StartTLS, mail.Implicit} {
		s := &server{} // speaks in the clear, and offers nothing else
		err := sender(t, s.start(t, "127.0.0.1:0"), protected(mode, a.PEM)).Send(t.Context(), letter)
		require.ErrorIs(t, err, mail.ErrInsecure, mode)
		require.Zero(t, s.begun.Load())
	}
	old := a.server(nil)
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	s := &server{tls: old}
	require.ErrorIs(t, sender(t, s.start(t, "127.0.0.1:0"), protected(mail.StartTLS, a.PEM)).Send(t.Context(), letter), mail.ErrInsecure)
	require.Zero(t, s.begun.Load())
}

// TestOfferedThenRefused: a server that offers STARTTLS and then will not.
func TestOfferedThenRefused(t *testing.T) {
	t.Parallel()
	var heard atomic.Value
	heard.Store("")
	address := scripted(t, func(c net.Conn, line string) bool {
		heard.Store(heard.Load().(string) + line)
		switch {
		case line == connected:
			return say(c, "220 localhost")
		case strings.HasPrefix(line, "EHLO"):
			return say(c, "250-localhost", "250 STARTTLS")
		case strings.HasPrefix(line, "STARTTLS"):
			return say(c, "454 not now")
		}
		return say(c, "250 anything you say")
	})
	err := sender(t, address, protected(mail.StartTLS, "")).Send(t.Context(), letter)
	require.ErrorIs(t, err, mail.ErrDeferred)
	require.NotContains(t, heard.Load(), "MAIL FROM")
}

// TestTakenWithoutGoodbye: the server took the mail and hung up. A second mail
// would make the first one's link worthless.
func TestTakenWithoutGoodbye(t *testing.T) {
	t.Parallel()
	body := false
	address := scripted(t, func(c net.Conn, line string) bool {
		switch {
		case line == connected:
			return say(c, "220 localhost")
		case strings.HasPrefix(line, "DATA"):
			body = true
			return say(c, "354 go on")
		case body && line == ".":
			_ = say(c, "250 taken")
			return false
		case body:
			return true
		}
		return say(c, "250 fine")
	})
	require.NoError(t, sender(t, address, nil).Send(t.Context(), letter))
}

// TestHangingHandshake: neither a server that never answers the handshake nor
// one that never answers after it holds a worker.
func TestHangingHandshake(t *testing.T) {
	t.Parallel()
	silent := scripted(t, func(net.Conn, string) bool { return true })
	deaf := scripted(t, func(c net.Conn, line string) bool {
		switch {
		case line == connected:
			return say(c, "220 localhost")
		case strings.HasPrefix(line, "EHLO"):
			return say(c, "250-localhost", "250 STARTTLS")
		case strings.HasPrefix(line, "STARTTLS"):
			return say(c, "220 go on")
		}
		return true // and not a byte of TLS
	})
	for address, mode := range map[string]mail.TLS{silent: mail.Implicit, deaf: mail.StartTLS} {
		err := sender(t, address, func(c *mail.Config) { c.TLS, c.Timeout = mode, 300*time.Millisecond }).Send(t.Context(), letter)
		require.ErrorIs(t, err, mail.ErrUnavailable, mode)
	}
}

// TestLogin: a password goes through TLS and nowhere else, and a refused one
// has its own name.
func TestLogin(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	with := func(mode mail.TLS, password string) func(*mail.Config) {
		return func(c *mail.Config) { c.TLS, c.CA, c.Username, c.Password = mode, a.PEM, "satchel", password }
	}
	for _, mode := range []mail.TLS{mail.StartTLS, mail.Implicit} {
		s := &server{tls: a.server(nil), implicit: mode == mail.Implicit, password: "the right one"}
		address := s.start(t, "127.0.0.1:0")
		require.NoError(t, sender(t, address, with(mode, "the right one")).Send(t.Context(), letter))
		require.Zero(t, s.inTheClear.Load())
		err := sender(t, address, with(mode, "a wrong one")).Send(t.Context(), letter)
		require.ErrorIs(t, err, mail.ErrLogin)
		require.NotContains(t, err.Error(), "a wrong one")
		require.Len(t, s.mails, 1)
	}
	s := &server{tls: a.server(nil)} // knows no login
	require.ErrorIs(t, sender(t, s.start(t, "127.0.0.1:0"), with(mail.StartTLS, "any")).Send(t.Context(), letter), mail.ErrLogin)

	s = &server{password: "the right one", insecureAuth: true} // asks for it in the clear
	require.ErrorIs(t, sender(t, s.start(t, "127.0.0.1:0"), with(mail.StartTLS, "the right one")).Send(t.Context(), letter), mail.ErrInsecure)
	require.Zero(t, s.logins.Load())
	_, err := mail.New(mail.Config{Host: "127.0.0.1", Port: 25, TLS: mail.None, From: "a@school.example", Timeout: time.Second, Username: "satchel"})
	require.ErrorContains(t, err, "SATCHEL_SMTP_USERNAME")
	_, err = mail.New(mail.Config{Host: "127.0.0.1", Port: 25, TLS: mail.StartTLS, From: "a@school.example", Timeout: time.Second, CA: "no PEM"})
	require.ErrorContains(t, err, "SATCHEL_SMTP_CA")
}

// TestRepliesBeforeTheMail: a server that is too busy to greet, or to let in.
func TestRepliesBeforeTheMail(t *testing.T) {
	t.Parallel()
	for _, reply := range []string{"421 too busy", "554 not you"} {
		address := scripted(t, func(c net.Conn, _ string) bool { _ = say(c, reply); return false })
		require.ErrorIs(t, sender(t, address, nil).Send(t.Context(), letter), mail.ErrDeferred, "the server's, and not this mail's fault")
	}
}

const connected = "(connected)"

// scripted is a server that says what the test has it say: answer is called
// with connected, then with each line, until it gives false.
func scripted(t *testing.T, answer func(c net.Conn, line string) bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			lines := bufio.NewScanner(c)
			for ok := answer(c, connected); ok && lines.Scan(); {
				ok = answer(c, lines.Text())
			}
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

func say(c net.Conn, lines ...string) bool {
	_, err := io.WriteString(c, strings.Join(lines, "\r\n")+"\r\n")
	return err == nil
}

var errPassword = errors.New("wrong password")

// AuthMechanisms lists what the server asks for.
func (x session) AuthMechanisms() []string {
	if x.s.password == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth compares the password, and counts who sent one.
func (x session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, password string) error {
		x.s.logins.Add(1)
		if password != x.s.password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: errPassword.Error()}
		}
		return nil
	}), nil
}
