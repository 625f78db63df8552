// Package bounce reads the reports that mail servers send back: about mails that could
// not be delivered (RFC 3464), and about mails that a person called unwanted (RFC 5965).
// Anybody may send one, so it trusts nothing in them: to which mail a report belongs is
// said by a tag that its reader checks.
package bounce

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
)

// Kind is what a report is about.
type Kind string

// The kinds.
const (
	Failed    Kind = "failed"    // the mail was not delivered
	Delayed   Kind = "delayed"   // it may still be
	Complaint Kind = "complaint" // its person called it unwanted
)

// Report is what a report says.
type Report struct {
	Kind   Kind
	Status string // RFC 3463, such as 5.1.1; or empty
}

// ErrNoReport is what any other mail is: an answer of a person, an absence note.
var ErrNoReport = errors.New("the mail is no report about another one")

// MaxBytes is how much of a report is read: what quotes a mail is below it.
const MaxBytes = 1 << 20

// mostParts bounds the parts of a mail and of its fields.
const mostParts = 20

// Parse reads a mail as it came.
func Parse(raw []byte) (Report, error) {
	if len(raw) > MaxBytes {
		raw = raw[:MaxBytes]
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Report{}, ErrNoReport
	}
	media, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || media != "multipart/report" || params["boundary"] == "" {
		return Report{}, ErrNoReport
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for range mostParts {
		part, err := parts.NextRawPart()
		if err != nil {
			return Report{}, ErrNoReport
		}
		media, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil {
			continue
		}
		switch media {
		case "message/delivery-status", "message/global-delivery-status":
			return delivery(decoded(part))
		case "message/feedback-report":
			return feedback(decoded(part))
		}
	}
	return Report{}, ErrNoReport
}

func decoded(part *multipart.Part) io.Reader {
	switch strings.ToLower(strings.TrimSpace(part.Header.Get("Content-Transfer-Encoding"))) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, part)
	case "quoted-printable":
		return quotedprintable.NewReader(part)
	}
	return part
}

// delivery reads the groups of fields: one of the mail, and one of each recipient. A mail
// of this service has one recipient; of several the worst counts.
func delivery(r io.Reader) (Report, error) {
	groups := fields(r)
	found := Report{}
	for range mostParts {
		group, err := groups.ReadMIMEHeader()
		switch strings.ToLower(first(group.Get("Action"))) {
		case "failed":
			return Report{Failed, first(group.Get("Status"))}, nil
		case "delayed":
			found = Report{Delayed, first(group.Get("Status"))}
		}
		if err != nil {
			break
		}
	}
	if found.Kind == "" {
		return found, ErrNoReport
	}
	return found, nil
}

// feedback reads the fields of a complaint. Other feedback, such as that a mail is wanted
// after all, is none.
func feedback(r io.Reader) (Report, error) {
	group, _ := fields(r).ReadMIMEHeader() // what could be read is enough
	switch strings.ToLower(first(group.Get("Feedback-Type"))) {
	case "abuse", "fraud", "opt-out", "opt-out-list", "other":
		return Report{Kind: Complaint}, nil
	}
	return Report{}, ErrNoReport
}

func fields(r io.Reader) *textproto.Reader {
	return textproto.NewReader(bufio.NewReader(io.LimitReader(r, MaxBytes)))
}

// first is a value without a comment behind it.
func first(value string) string {
	value, _, _ = strings.Cut(strings.TrimSpace(value), " ")
	value, _, _ = strings.Cut(value, ";")
	return value
}

// Tags finds what may be the tag of a mail in a report: what stands between + and @,
// wherever it is, since each server quotes the sender's address elsewhere. Only one that
// was made here is one.
func Tags(raw []byte, length int) []string {
	if len(raw) > MaxBytes {
		raw = raw[:MaxBytes]
	}
	var all []string
	for seen := 0; len(all) < mostParts; {
		i := bytes.IndexByte(raw[seen:], '+')
		if i < 0 {
			return all
		}
		at := seen + i + 1
		seen = at
		if at+length < len(raw) && raw[at+length] == '@' {
			all = append(all, string(raw[at:at+length]))
		}
	}
	return all
}
