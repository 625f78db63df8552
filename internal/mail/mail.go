// Package mail hands mails to a mail server by SMTP (RFC 5321).
package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// Config is how the mail server is reached.
type Config struct {
	Host     string        `env:"SATCHEL_SMTP_HOST,required"`
	Port     int           `env:"SATCHEL_SMTP_PORT" envDefault:"587"`
	TLS      TLS           `env:"SATCHEL_SMTP_TLS" envDefault:"starttls"`
	Username string        `env:"SATCHEL_SMTP_USERNAME"`
	Password string        `env:"SATCHEL_SMTP_PASSWORD"`
	From     string        `env:"SATCHEL_SMTP_FROM,required"` // such as Satchel <no-reply@school.example>
	Timeout  time.Duration `env:"SATCHEL_SMTP_TIMEOUT" envDefault:"30s"`
}

// TLS is how the way to the server is protected.
type TLS string

// The ways. Both protected ones refuse to send in the clear: a policy of taking
// what is offered would let anybody on the way take the offer out.
const (
	StartTLS TLS = "starttls" // a plain connection that turns to TLS before anything is said (RFC 3207)
	Implicit TLS = "tls"      // TLS from the first byte (RFC 8314), by custom on port 465
	None     TLS = "none"     // for a server on this machine
)

// Message is one mail to one address, in both forms. With an id, it has the same
// Message-ID each time it is sent, so that a second copy is known for one.
type Message struct{ ID, To, Subject, Text, HTML string }

// How a mail may fail. All but Refused and AddressRefused may succeed later.
var (
	ErrUnavailable    = errors.New("the mail server does not answer, or hung up")
	ErrDeferred       = errors.New("the mail server asks to come back later")
	ErrRefused        = errors.New("the mail server refused the mail")
	ErrAddressRefused = errors.New("the mail server refused the address")
)

// Sender sends mails, each by a connection of its own: they are few, and a
// connection that was kept is a connection that was cut.
type Sender struct{ config Config }

// New makes a sender; it speaks to nobody yet.
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
	if err := mail.NewMsg().From(c.From); err != nil {
		return nil, fmt.Errorf("SATCHEL_SMTP_FROM is no mail address: %w", err)
	}
	s := &Sender{config: c}
	if _, err := s.client(); err != nil {
		return nil, fmt.Errorf("SATCHEL_SMTP_*: %w", err)
	}
	return s, nil
}

func (s *Sender) client() (*mail.Client, error) {
	c := s.config
	options := []mail.Option{mail.WithPort(c.Port), mail.WithTimeout(c.Timeout), mail.WithoutNoop()}
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
	message.Subject(m.Subject)
	message.SetDate()
	s.name(message, m.ID)
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no answers from machines
	message.SetBodyString(mail.TypeTextPlain, m.Text)
	message.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	client, err := s.client()
	if err != nil {
		return fmt.Errorf("make mail client: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	return classify(client.DialAndSendWithContext(ctx, message))
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
// may be mended; only one of the mail or its address is about this mail.
func classify(err error) error {
	if err == nil {
		return nil
	}
	var reply *textproto.Error
	var sent *mail.SendError
	if !errors.As(err, &sent) {
		if errors.As(err, &reply) {
			return fmt.Errorf("%w: reply %d to the greeting", ErrDeferred, reply.Code)
		}
		return ErrUnavailable
	}
	code := sent.ErrorCode()
	switch {
	case code >= 500 && sent.Reason == mail.ErrSMTPRcptTo:
		return fmt.Errorf("%w: reply %d", ErrAddressRefused, code)
	case code >= 500:
		return fmt.Errorf("%w: reply %d", ErrRefused, code)
	case code >= 400:
		return fmt.Errorf("%w: reply %d", ErrDeferred, code)
	}
	return ErrUnavailable
}
