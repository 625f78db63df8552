// Package notifications is what members are told: the outbox that is written with what
// it tells, what each person wants of it, and the mails that follow. The texts are in
// internal/mailtext; who sends is activities/notification.
package notifications

import "slices"

// Kind is one kind of notification.
type Kind struct {
	Name string
	// Required is a matter of security: neither a preference nor an unsubscription
	// stops it, and quiet hours and digests do not delay it.
	Required bool
	// About says in a few words what it tells; docs/notifications.md lists it.
	About string
}

// Kinds lists every kind that the platform writes. Of another one a mail says that
// there is something to see, and no more.
var Kinds = []Kind{
	{"agreement.ending", false, "the last agreement of the school for children's data ends soon, or has ended"},
	{"access_request.due", true, "a request to see education records came in, or nears the day by which it must be answered"},
	{"access_request.ready", false, "the records that the person asked for are ready"},
	{"amendment.due", true, "the next step of a request to amend a record is due soon, or is late"},
	{"amendment.moved", true, "a request to amend a record came in or went on: a refusal and the right to a hearing, its day, a decision"},
	{"compliance.due", true, "a duty, who must be told of an incident, or a directive about data is due soon, or is late"},
	{"erasure.answered", false, "the school decided about the person's request to erase the data of a student, or the certificate of the erasure is there"},
	{"erasure.asked", true, "a parent asks that the data of a student is erased, or such a request is due soon, or is late"},
	{"erasure.began", true, "an erasure began by itself: a consent was withdrawn, or a parent asked for what is here by a consent alone"},
	{"generation.drafted", false, "a document that the person asked for is ready for review"},
	{"generation.failed", false, "a document that the person asked for could not be made"},
	{"handin.returned", false, "a teacher returned a hand-in"},
	{"key.all_spaces", true, "an API key that reads all spaces was made"},
	{"parent.unreachable", false, "a mail that asks a parent for consent could not be delivered"},
	{"report.ready", false, "a report that the person asked for was made"},
	{"roblox.attention", false, "a connection to Roblox stopped, or something may have been made there twice and a person has to look"},
	{"share.received", false, "something was shared with the person"},
	{"space.breakglass", true, "an administrator opened a space by break-glass"},
	{"space.breakglass_review", true, "what another owner or an admin did by break-glass waits for a review"},
	{"space.substitute", false, "a substitute was given a space for a while"},
	{"subprocessor.changed", false, "somebody was added to the list of who else gets data, or taken from it"},
	{"usage.warning", false, "the organization comes near a limit"},
	{"webhook.disabled", false, "a webhook of the organization was disabled"},
}

// Required says whether a kind is sent whatever its person prefers.
func Required(kind string) bool {
	return slices.ContainsFunc(Kinds, func(k Kind) bool { return k.Name == kind && k.Required })
}

// Known says whether a preference may name the kind.
func Known(kind string) bool {
	return kind == All || slices.ContainsFunc(Kinds, func(k Kind) bool { return k.Name == kind })
}

// All is the kind of a preference for all kinds that have none of their own.
const All = "*"

// Kinds of mails that are of no one notification.
const (
	Daily   = "digest.daily"
	Weekly  = "digest.weekly"
	Confirm = "address.confirm"
)

// Channel is a way to a person.
type Channel string

// The channels.
const (
	Inbox Channel = "inbox"
	Mail  Channel = "mail"
)

// Cadence is how soon a person is told.
type Cadence string

// The cadences. The inbox has Now and Never.
const (
	Now      Cadence = "now"
	EachDay  Cadence = "daily"
	EachWeek Cadence = "weekly"
	Never    Cadence = "never"
)
