package mailtext

// Message is one mail to one address, in both forms. One with an id is known by it to
// anyone who receives it, however often it is sent.
type Message struct {
	ID, To, Subject, Text, HTML                             string
	Organization, ReplyTo, Unsubscribe, ReportTag, Language string // of mails to members
}
