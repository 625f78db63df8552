// Package mail hands mails to a mail server by SMTP (RFC 5321).
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/wneessen/go-mail"

	"satchel/internal/trust"
)

// Config is how the mail server is reached.
type Config struct {
	Host     string        `env:"SATCHEL_SMTP_HOST,required"`             // mail server
	Port     int           `env:"SATCHEL_SMTP_PORT" envDefault:"587"`     // its port
	TLS      TLS           `env:"SATCHEL_SMTP_TLS" envDefault:"starttls"` // starttls, tls (from the first byte) or none (loopback only, without a login)
	Username string        `env:"SATCHEL_SMTP_USERNAME"`                  // login at the mail server; empty: none
	Password string        `env:"SATCHEL_SMTP_PASSWORD"`                  // its password
	CA       string        `env:"SATCHEL_SMTP_CA"`                        // certificates (PEM) that vouch for the mail server, instead of the machine's
	From     string        `env:"SATCHEL_SMTP_FROM,required"`             // sender, such as Satchel <no-reply@school.example>
	Timeout  time.Duration `env:"SATCHEL_SMTP_TIMEOUT" envDefault:"30s"`  // the longest that one mail may take

	Bounces      string `env:"SATCHEL_MAIL_BOUNCES"`       // address to which reports about mails that cannot be delivered come back, such as bounces@school.example; each mail has its own below it (bounces+…@); empty: the sender's
	DKIMDomain   string `env:"SATCHEL_MAIL_DKIM_DOMAIN"`   // domain that signs the mails (RFC 6376), when the mail server does not; empty: no signature
	DKIMSelector string `env:"SATCHEL_MAIL_DKIM_SELECTOR"` // name of the key in the domain's DNS
	DKIMKey      string `env:"SATCHEL_MAIL_DKIM_KEY"`      // private key that signs them (PEM, RSA or Ed25519)
}

// TLS is how the way to the server is protected.
type TLS string

// The ways. Both protected ones refuse to send in the clear: a policy of taking
// what is offered would let anyone on the way take the offer out.
const (
	StartTLS TLS = "starttls" // a plain connection that turns to TLS before anything is said (RFC 3207)
	Implicit TLS = "tls"      // TLS from the first byte (RFC 8314), by custom on port 465
	None     TLS = "none"     // for a server on this machine
)

// Message is one mail to one address, in both forms. With an id, it has the same
// Message-ID each time it is sent, so that a second copy is known for one.
type Message struct {
	ID, To, Subject, Text, HTML string

	Organization string // on whose behalf; before the sender's address
	ReplyTo      string // who reads answers; one that is no address is left out
	Unsubscribe  string // address that takes a POST by which no more come (RFC 8058)
	ReportTag    string // what makes the address of reports the mail's own
	Language     string // BCP 47
}

// How a mail may fail. All but Refused and AddressRefused may succeed later.
var (
	ErrUnavailable    = errors.New("the mail server does not answer, or hung up")
	ErrUnsure         = errors.New("the mail server hung up behind the mail: it may have taken it")
	ErrDeferred       = errors.New("the mail server asks to come back later")
	ErrRefused        = errors.New("the mail server refused the mail")
	ErrAddressRefused = errors.New("the mail server refused the address")
	ErrInsecure       = errors.New("the way to the mail server cannot be trusted: it offers no TLS, or its certificate is not good")
	ErrLogin          = errors.New("the mail server refused the user name or the password, or has no login")
)

// Sender sends mails, each by a connection of its own: they are few, and a
// connection that was kept is a connection that was cut.
type Sender struct {
	config  Config
	roots   *x509.CertPool    // nil: the machine's
	signing *dkim.SignOptions // nil: the mail server signs, or no one does
	bounces [2]string         // local part and domain; empty: the sender's
}

// New makes a sender; it speaks to no one yet.
func New(c Config) (*Sender, error) {
	switch c.TLS {
	case StartTLS, Implicit:
	case None:
		if ip := net.ParseIP(c.Host); c.Host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, fmt.Errorf("SATCHEL_SMTP_TLS is none, which is for a server on this machine and not for %s: use starttls or tls", c.Host)
		}
	default:
		return nil, fmt.Errorf("SATCHEL_SMTP_TLS is %q: use starttls, tls or none", c.TLS)
	}
	if c.Username != "" && c.TLS == None {
		return nil, errors.New("SATCHEL_SMTP_USERNAME is set and SATCHEL_SMTP_TLS is none: a password goes through TLS only")
	}
	if err := mail.NewMsg().From(c.From); err != nil {
		return nil, fmt.Errorf("SATCHEL_SMTP_FROM is no mail address: %w", err)
	}
	roots, err := trust.Roots("SATCHEL_SMTP_CA", c.CA)
	if err != nil {
		return nil, err
	}
	s := &Sender{config: c, roots: roots}
	if err := s.readIdentity(); err != nil {
		return nil, err
	}
	if _, err := s.client(); err != nil {
		return nil, fmt.Errorf("SATCHEL_SMTP_*: %w", err)
	}
	return s, nil
}

func (s *Sender) client() (*mail.Client, error) {
	c := s.config
	options := []mail.Option{
		mail.WithPort(c.Port), mail.WithTimeout(c.Timeout), mail.WithoutNoop(), mail.WithoutRset(),
		mail.WithTLSConfig(&tls.Config{ServerName: c.Host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}),
	}
	switch c.TLS {
	case Implicit:
		options = append(options, mail.WithSSL())
	case None:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if c.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.Username), mail.WithPassword(c.Password))
	}
	return mail.NewClient(c.Host, options...)
}

// Send hands one mail over. Nil means that the server took it. Errors hold
// nothing of the mail: a server's own words may repeat the address.
func (s *Sender) Send(ctx context.Context, m Message) error {
	message := mail.NewMsg()
	if err := errors.Join(message.From(s.config.From), message.To(m.To)); err != nil {
		return ErrAddressRefused
	}
	if err := s.address(message, m); err != nil {
		return fmt.Errorf("address mail: %w", err)
	}
	message.Subject(m.Subject)
	message.SetDate()
	s.name(message, m.ID)
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no answers from machines
	message.SetBodyString(mail.TypeTextPlain, m.Text)
	message.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	if err := s.sign(message); err != nil {
		return err
	}
	client, err := s.client()
	if err != nil {
		return fmt.Errorf("make mail client: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	err = client.DialAndSendWithContext(ctx, message)
	if message.IsDelivered() {
		return nil // what went wrong after the server took it, such as no goodbye, is no reason for a second mail
	}
	return classify(err)
}

// Check reaches the server, with TLS and the login as they are set, and sends nothing.
func (s *Sender) Check(ctx context.Context) error {
	client, err := s.client()
	if err != nil {
		return fmt.Errorf("make mail client: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	if err := client.DialWithContext(ctx); err != nil {
		return classify(err)
	}
	return classify(client.Close())
}

// name gives the mail its Message-ID, of the sender's domain (RFC 5322, 3.6.4).
func (s *Sender) name(message *mail.Msg, id string) {
	if from := message.GetFrom(); id != "" && len(from) == 1 {
		_, domain, _ := strings.Cut(from[0].Address, "@")
		message.SetMessageIDWithValue(id + "@" + domain)
		return
	}
	message.SetMessageID()
}

// classify reads a reply as RFC 5321, 4.2.1 has it: 4yz asks to come back, 5yz
// does not. Whatever has no reply is the way to the server. A refusal before the
// mail was named, of the connection or of the credentials, is the server's and
// may be fixed; only one of the mail or its address is about this mail.
func classify(err error) error {
	if err == nil {
		return nil
	}
	var sent *mail.SendError
	if !errors.As(err, &sent) {
		return beforeTheMail(err)
	}
	code := sent.ErrorCode()
	switch {
	case code >= 500 && sent.Reason == mail.ErrSMTPRcptTo:
		return fmt.Errorf("%w: reply %d", ErrAddressRefused, code)
	case code >= 500:
		return fmt.Errorf("%w: reply %d", ErrRefused, code)
	case code >= 400:
		return fmt.Errorf("%w: reply %d", ErrDeferred, code)
	case sent.Reason == mail.ErrSMTPDataClose:
		return ErrUnsure
	}
	return ErrUnavailable
}

// beforeTheMail says why there was no connection on which to hand over a mail.
func beforeTheMail(err error) error {
	var reply *textproto.Error
	var record tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	var operation *net.OpError // an alert of either side is one of these
	text := err.Error()        // the library has words for these, and no errors
	switch {
	case errors.As(err, &certificate), errors.As(err, &record), strings.Contains(text, "does not support STARTTLS"):
		return ErrInsecure
	case errors.As(err, &operation) && (operation.Op == "remote error" || operation.Op == "local error"):
		return ErrInsecure
	case strings.Contains(text, "SMTP AUTH") && !errors.As(err, &reply), errors.Is(err, mail.ErrNoSupportedAuthDiscovered):
		return ErrLogin
	case !errors.As(err, &reply):
		return ErrUnavailable
	case strings.Contains(text, "SMTP AUTH") && reply.Code >= 500:
		return fmt.Errorf("%w: reply %d", ErrLogin, reply.Code)
	}
	return fmt.Errorf("%w: reply %d before the mail", ErrDeferred, reply.Code)
}
