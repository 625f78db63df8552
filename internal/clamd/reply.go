package clamd

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"satchel/policies/verdict"
)

// maxReply bounds what is read of an answer. The longest honest one is a
// signature name of some hundred bytes.
const maxReply = 4 << 10

const (
	// tooLargeReply is how clamd says that its StreamMaxLength is passed.
	tooLargeReply = "INSTREAM size limit exceeded. ERROR"
	// These two are how it says that a descriptor did not come along.
	noDescriptorReply   = "No file descriptor received. ERROR"
	lostDescriptorReply = "FILDES: didn't receive file descriptor. ERROR"
)

// unscannable are the names under which the engine reports that it could not
// look at everything. They arrive as if they were signatures, but the file has
// no known virus: it has not been seen.
var unscannable = []string{"Heuristics.Limits.Exceeded", "Heuristics.Encrypted."}

// Verdict is the daemon's answer about one complete stream.
type Verdict struct {
	Outcome verdict.Verdict
	// Signature is the daemon's name for what it found. It is empty when, and
	// only when, the outcome is Clean.
	Signature string
}

// Clean reports whether the daemon looked at everything and found nothing.
func (v Verdict) Clean() bool { return v.Outcome == verdict.Clean && v.Signature == "" }

// readReply reads the one answer and then the end of the connection, which
// clamd closes after each command. Insisting on the end is what exposes second
// answers and a daemon that answered without having read the whole stream: the
// kernel then reports a reset instead of an end.
func (s *session) readReply(wait time.Duration) ([]byte, error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return nil, failure(s.ctx, "read clamd's answer", err)
	}
	raw, err := io.ReadAll(io.LimitReader(s.conn, maxReply+1))
	if err != nil {
		return raw, failure(s.ctx, "read clamd's answer", err)
	}
	if len(raw) > maxReply {
		return nil, fmt.Errorf("clamd's answer is longer than %d bytes: %w", maxReply, ErrUnavailable)
	}
	return raw, nil
}

// line takes the single NUL-terminated line out of an answer.
func line(raw []byte) (string, error) {
	text, rest, ended := bytes.Cut(raw, []byte{0})
	switch {
	case len(raw) == 0:
		return "", fmt.Errorf("clamd closed the connection without an answer: %w", ErrUnavailable)
	case !ended:
		return "", fmt.Errorf("clamd's answer %.80q was cut off: %w", raw, ErrUnavailable)
	case len(rest) > 0:
		return "", fmt.Errorf("clamd answered more than once, %.80q: %w", raw, ErrUnavailable)
	}
	return string(text), nil
}

// replyFormat takes the words off an answer that say what it is about, and refuses
// an answer that is about something else.
type replyFormat func(text string) (rest string, ok bool)

// streamReply is the subject of INSTREAM.
func streamReply(text string) (string, bool) { return strings.CutPrefix(text, "stream: ") }

// descriptorReply is the subject of FILDES: the daemon names the descriptor by its
// own number.
func descriptorReply(text string) (string, bool) {
	rest, ok := strings.CutPrefix(text, "fd[")
	number, rest, closed := strings.Cut(rest, "]: ")
	_, err := strconv.ParseUint(number, 10, 31)
	return rest, ok && closed && err == nil
}

// parseVerdict turns the complete answer to a scan into a verdict.
func parseVerdict(raw []byte, about replyFormat) (Verdict, error) {
	text, err := line(raw)
	if err != nil {
		return Verdict{}, err
	}
	switch text {
	case tooLargeReply:
		return Verdict{}, ErrTooLarge
	case noDescriptorReply, lostDescriptorReply:
		return Verdict{}, fmt.Errorf("clamd answers %q: %w: %w", text, errNoDescriptor, ErrUnavailable)
	}
	rest, ok := about(text)
	if ok && rest == "OK" {
		return Verdict{Outcome: verdict.Clean}, nil
	}
	if signature, found := foundSignature(rest); ok && found {
		return Verdict{Outcome: outcomeOf(signature), Signature: signature}, nil
	}
	return Verdict{}, fmt.Errorf("clamd's answer %.80q is no verdict: %w", text, ErrUnavailable)
}

// foundSignature takes X out of "X FOUND". A name that could not be a
// signature's is refused, so that no torn or glued answer ends up in an audit
// row.
func foundSignature(text string) (string, bool) {
	signature, ok := strings.CutSuffix(text, " FOUND")
	if !ok || signature == "" || strings.ContainsFunc(signature, notInSignature) {
		return "", false
	}
	return signature, true
}

func notInSignature(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || r == ' ' }

func outcomeOf(signature string) verdict.Verdict {
	for _, prefix := range unscannable {
		if strings.HasPrefix(signature, prefix) {
			return verdict.Unscannable
		}
	}
	return verdict.Infected
}

// Signed is when the daily signatures were made, as the database's name says. It is false
// when the daemon runs on local signature files only. clamd writes the time of its machine
// without a zone.
func (v Version) Signed() (time.Time, bool) {
	_, date, _ := strings.Cut(v.Database, "/")
	at, err := time.ParseInLocation(time.ANSIC, date, time.Local)
	return at, err == nil
}

// parseVersion splits "ClamAV 1.4.6/27800/Thu Oct 30 …" at its first slash.
func parseVersion(text string) (Version, error) {
	engine, database, _ := strings.Cut(text, "/")
	if !strings.HasPrefix(engine, "ClamAV ") {
		return Version{}, fmt.Errorf("clamd's answer %.80q is no version: %w", text, ErrUnavailable)
	}
	return Version{Engine: engine, Database: database}, nil
}
