package audit

import (
	"fmt"
	"strings"
)

// Markdown writes the page docs/audit.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(intro)
	group := ""
	for _, a := range Actions {
		if r, _, _ := strings.Cut(a.Name, "."); r != group {
			group = r
			fmt.Fprintf(&b, "\n### %s\n\n| action | names a | what it says |\n|---|---|---|\n", group)
		}
		object := a.Object
		if object == "" {
			object = "–"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", a.Name, object, a.What)
	}
	b.WriteString(outro())
	return b.String()
}

const intro = `# The audit log

Who did what to which thing, from which network, and how it ended. This page is written from the table in ` + "`policies/audit`" + `, which
refuses any other name; its test fails when the two differ. Renew it with ` + "`go test ./policies/audit -run TestDocs -update`" + `.

Everything that changes something, hands out bytes or reads the audit log leaves exactly one row, in the transaction of the action itself:
both are committed or neither is. The row is in the organization whose thing it is.
A change of many files leaves one row for the request, and one for each file that it changed.

| result | says |
|---|---|
| ` + "`done`" + ` | it happened |
| ` + "`denied`" + ` | a known caller was refused: by role, or since the thing is not there for them (404); in the caller's own organization |
| ` + "`failed`" + ` | it was allowed and did not work: a conflict, the quota, a size; the code says which |

A malformed request attempted nothing and leaves no row; nor does an outage, after which the same call is made again. An unknown
caller (401, no membership) belongs to no organization: the log and the metrics count such calls, the audit log does not. A read of
metadata leaves a row only when a role forbids it. Bytes are recorded when the first one is about to leave, so an answer without bytes
(HEAD, 304, 412, 416) leaves none, and what cannot be recorded does not leave. A whole download is one row each time; of pieces
(Range), as a player asks for, one row a person, version and hour. Previews leave none: a page of thumbnails would bury the rest.

`

func outro() string {
	const event = `{"action":"file.trash","actor":"","address":"192.0.2.0/24","at":"2026-01-01T00:00:00Z","code":"","key":"","object":"file","object_id":"f","organization":"o","request":"r","result":"done","role":"system"}`
	return fmt.Sprintf(`
## What an event holds, and what it never does

Ids, codes and networks. Addresses are shortened to their network (/24, /48). Names, mail addresses, names of files, descriptions and
tokens are never in it: the audit log is kept longer than what it speaks of.

Of one caller, %d refusals a minute have a row each in each process; one row `+"`%s`"+` follows for the rest of the minute, and the
log has them all.

## The chain

The events of an organization are numbered from 1 without gaps. The hash of each covers the one before it:

    hash(n) = SHA-256( hash(n-1) ‖ n as 8 bytes, big-endian ‖ the event )

hash(0) is 32 zero bytes. The event is its canonical JSON (RFC 8785) in UTF-8, and every value of it is a string. For example, the
first event

    %s

has the hash

    %s

An export is one line of JSON for each event, `+"`{\"seq\":1,\"hash\":\"…\",\"event\":{…}}`"+`, from the first on. Any program can check
it by the rule above; `+"`satchel audit verify FILE`"+` does. `+"`GET …/audit/export?from=…&to=…` (`satchel audit export --from … --to …`)"+`
sends the events of that time, and those numbered between them, so that there is no gap. Such a part is checked from its
second event on (`+"`satchel audit verify --part FILE`"+`): what the first one covers is not in the file. A row that is changed, removed, added or
exchanged breaks the chain at that row. The columns by which the audit log is searched are held against the events too.

In the database the log is partitioned by the month in which an event was written. Numbers and hashes go on over the border of a month, and a verification
reads all months. No month is ever dropped: the log goes when its organization does.

## The checkpoints

Anyone who can write to the database past its rules could rewrite the whole chain with its hashes. Therefore the worker signs, every
hour, the head of each audit log that has grown, and writes it once (If-None-Match) into a separate bucket, under
`+"`checkpoints/<organization>/<number, 20 digits>.json`"+`. The signature is Ed25519 (RFC 8032) over the canonical JSON of the other
fields, with the key `+"`SATCHEL_AUDIT_KEY`"+`, which the API does not have. The public half, the file
`+"`audit-public-key`"+`, is for auditors. A verification compares each checkpoint with the audit log, and names the first event that differs,
or that is missing behind one. After a restore of the database, checkpoints speak of events that are lost: the check of the restored system signs that
(`+"`forks/<organization>/`"+` in the same bucket, with the last event that was kept and the last that was lost), and a verification takes no checkpoint between them for a forgery.

## A verification

`+"`POST …/audit/verify` (`satchel audit verify`)"+` begins an operation. A worker reads the audit log in steps of a bounded number of events,
behind every other work, and goes on where it was when it is started again. The operation shows how many events are verified; its
result is the report. One verification of an organization runs at a time: who asks meanwhile is given its operation.

What no checkpoint has seen yet, up to an hour, is protected by the chain alone. Give the bucket's writing right to the worker only, and
let the store lock its objects.
`, MaxRefusals, flood, event, link(Hash{}, 1, []byte(event)))
}
