package bounce

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func report(kind, part string) []byte {
	return []byte(strings.ReplaceAll("From: MAILER-DAEMON@mx.example\nTo: bounces+abcd@school.example\nSubject: Undelivered\nMIME-Version: 1.0\n"+
		"Content-Type: multipart/report; report-type="+kind+"; boundary=\"b\"\n\n--b\nContent-Type: text/plain\n\nI am sorry.\n--b\n"+part+"\n--b\nContent-Type: text/rfc822-headers\n\nSubject: x\n--b--\n", "\n", "\r\n"))
}

func dsn(fields string) []byte {
	return report("delivery-status", "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"+fields)
}

var examples = map[string]struct {
	raw  []byte
	want Report
}{
	"no such person": {dsn("Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 unknown\n"), Report{Failed, "5.1.1"}},
	"full":           {dsn("Final-Recipient: rfc822; a@b.example\nAction: FAILED\nStatus: 4.2.2 (mailbox full)\n"), Report{Failed, "4.2.2"}},
	"delayed":        {dsn("Final-Recipient: rfc822; a@b.example\nAction: delayed\nStatus: 4.4.1\n"), Report{Delayed, "4.4.1"}},
	"of several":     {dsn("Action: delivered\nStatus: 2.0.0\n\nAction: failed\nStatus: 5.1.1\n"), Report{Failed, "5.1.1"}},
	"in base64": {report("delivery-status", "Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n"+
		base64.StdEncoding.EncodeToString([]byte("Reporting-MTA: dns; x\r\n\r\nAction: failed\r\nStatus: 5.0.0\r\n\r\n"))), Report{Failed, "5.0.0"}},
	"a complaint": {report("feedback-report", "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\n"), Report{Kind: Complaint}},
}

func TestReports(t *testing.T) {
	t.Parallel()
	for name, e := range examples {
		got, err := Parse(e.raw)
		require.NoError(t, err, name)
		require.Equal(t, e.want, got, name)
	}
	for name, raw := range map[string][]byte{
		"nothing": nil, "an answer": []byte("From: a@b.example\r\nSubject: Re: hello\r\n\r\nThank you"),
		"delivered": dsn("Action: delivered\nStatus: 2.0.0\n"), "not spam": report("feedback-report", "Content-Type: message/feedback-report\n\nFeedback-Type: not-spam\n"),
		"no boundary": []byte("Content-Type: multipart/report\r\n\r\nx"), "cut off": examples["full"].raw[:250],
	} {
		_, err := Parse(raw)
		require.ErrorIs(t, err, ErrNoReport, name)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"abcd"}, Tags([]byte("To: bounces+abcd@school.example, a+bc@x, 1+1"), 4))
	require.Equal(t, []string{"b+cd", "cdef"}, Tags([]byte("+b+cd@+cdef@"), 4))
	require.Empty(t, Tags([]byte("+"), 4))
	require.Len(t, Tags([]byte(strings.Repeat("+abcd@", 1000)), 4), mostParts)
}

// FuzzParse: whatever a stranger sends, reading ends, and what it says is of the kinds.
func FuzzParse(f *testing.F) {
	for _, e := range examples {
		f.Add(e.raw)
	}
	f.Add([]byte("Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\r\n\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := Parse(raw)
		if err != nil {
			require.ErrorIs(t, err, ErrNoReport)
		} else {
			require.Contains(t, []Kind{Failed, Delayed, Complaint}, r.Kind)
			require.NotContains(t, r.Status, " ")
		}
		for _, tag := range Tags(raw, 42) {
			require.Len(t, tag, 42)
		}
	})
}
