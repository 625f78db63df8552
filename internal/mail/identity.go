package mail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"net/url"
	"strings"
	"unicode"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/uuid"
	gomail "github.com/wneessen/go-mail"
)

// mostLocal leaves room for "+" and the tag of a report in the 64 octets of a local part
// (RFC 5321, 4.5.3.1.1).
const mostLocal = 20

// readIdentity reads who signs the mails, and where reports about them come back.
func (s *Sender) readIdentity() error {
	c := s.config
	if c.Bounces != "" {
		local, domain, found := strings.Cut(c.Bounces, "@")
		a, err := mail.ParseAddress(c.Bounces)
		if err != nil || !found || a.Address != c.Bounces || len(local) > mostLocal || strings.Contains(local, "+") {
			return fmt.Errorf("SATCHEL_MAIL_BOUNCES is no plain mail address with at most %d characters before the @, such as bounces@school.example", mostLocal)
		}
		s.bounces = [2]string{local, domain}
	}
	switch {
	case c.DKIMDomain == "" && c.DKIMSelector == "" && c.DKIMKey == "":
		return nil
	case c.DKIMDomain == "" || c.DKIMSelector == "" || c.DKIMKey == "":
		return errors.New("SATCHEL_MAIL_DKIM_DOMAIN, _SELECTOR and _KEY belong together: set all of them, or none if the mail server signs")
	}
	key, err := gomail.PrivKeyFromPEM([]byte(c.DKIMKey))
	if err != nil {
		return errors.New("SATCHEL_MAIL_DKIM_KEY is no private key in PEM (RSA or Ed25519)") // the error may repeat the key
	}
	s.signing = &dkim.SignOptions{Domain: c.DKIMDomain, Selector: c.DKIMSelector, Signer: key, HeaderKeys: signedHeaders,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed}
	return dkim.Sign(io.Discard, strings.NewReader("From: a@b.example\r\n\r\n"), s.signing) // a key that cannot sign fails here
}

// signedHeaders are those that the signature holds. RFC 8058 demands both of the list.
var signedHeaders = []string{"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted"}

// address sets what says from whom a mail is and how to have no more of them. Every
// value is encoded or checked by the library: none can begin a header of its own.
func (s *Sender) address(message *gomail.Msg, m Message) error {
	if from := message.GetFrom(); m.Organization != "" && len(from) == 1 {
		if err := message.FromFormat(displayName(m.Organization, from[0].Name), from[0].Address); err != nil {
			return err
		}
	}
	if a, err := mail.ParseAddress(m.ReplyTo); m.ReplyTo != "" && err == nil {
		if err := message.ReplyTo(a.Address); err != nil {
			return err
		}
	}
	if u, err := url.Parse(m.Unsubscribe); m.Unsubscribe != "" {
		if err != nil || u.Host == "" || strings.ContainsAny(m.Unsubscribe, "<>\r\n ") {
			return errors.New("the address for unsubscribing is none")
		}
		message.SetGenHeaderPreformatted("List-Unsubscribe", "<"+m.Unsubscribe+">")
		message.SetGenHeaderPreformatted("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	if m.Language != "" {
		message.SetGenHeader(gomail.HeaderContentLang, m.Language)
	}
	if m.ReportTag != "" && s.bounces[0] != "" {
		report := s.bounces[0] + "+" + m.ReportTag + "@" + s.bounces[1]
		message.SetGenHeaderPreformatted("X-Report-To", report) // a report about a complaint quotes the mail, and not its envelope
		if err := message.EnvelopeFrom(report); err != nil {
			return err
		}
	}
	return nil
}

// sign puts a signature over the mail as it is going to be written: the library's own
// signature breaks where it folds a long list of headers.
func (s *Sender) sign(message *gomail.Msg) error {
	if s.signing == nil {
		return nil
	}
	message.SetBoundary(strings.ReplaceAll(uuid.NewString(), "-", "")) // the same when it is written again
	var written bytes.Buffer
	if _, err := message.WriteTo(&written); err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	signer, err := dkim.NewSigner(s.signing)
	if err != nil {
		return fmt.Errorf("sign mail: %w", err)
	}
	if _, err := written.WriteTo(signer); err != nil {
		return fmt.Errorf("sign mail: %w", err)
	}
	if err := signer.Close(); err != nil {
		return fmt.Errorf("sign mail: %w", err)
	}
	name, value, _ := strings.Cut(strings.TrimSuffix(signer.Signature(), "\r\n"), ": ")
	message.SetGenHeaderPreformatted(gomail.Header(name), value)
	return nil
}

// displayName is the organization's name and the platform's: a name that anyone chose
// is never alone before the address of the platform.
func displayName(organization, platform string) string {
	const most = 60
	name := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, organization))
	if len(name) > most {
		name = append(name[:most-1], '…')
	}
	if platform == "" {
		return string(name)
	}
	return string(name) + " via " + platform
}
