package public

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/tenancy"
)

// ticket is what a visitor has proven to a share, signed, in the address: the page sets no
// cookies. It is bound to its share and recipient, to the password of that time, and to a
// time. dropper shows what the visitor dropped, and has no end of its own.
type ticket struct {
	password, code bool
	until          time.Time // of the proofs
	dropper        uuid.UUID // zero: none yet
}

// ticketLife is how long a proof is good.
const ticketLife = 15 * time.Minute

const purpose = "share ticket"

const (
	provesPassword = 1 << iota
	provesCode
)

const ticketSize = 1 + 3*16 + 8 + 8

// fingerprint is of a password's hash: a changed password ends the tickets of the old one.
func fingerprint(hash string) []byte {
	sum := sha256.Sum256([]byte(hash))
	return sum[:8]
}

// seal writes a ticket for the visitor; empty when there is nothing to prove.
func (p *Public) seal(v visit, t ticket) string {
	if !t.password && !t.code && t.dropper == uuid.Nil {
		return ""
	}
	b := make([]byte, 1, ticketSize)
	if t.password {
		b[0] |= provesPassword
	}
	if t.code {
		b[0] |= provesCode
	}
	recipient := recipientOf(v.ref)
	for _, id := range [][16]byte{v.ref.Share, recipient, t.dropper} {
		b = append(b, id[:]...)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(t.until.Unix()))
	return p.Keys.Seal(purpose, append(b, fingerprint(v.share.PasswordHash)...))
}

func recipientOf(ref tenancy.ShareVisit) uuid.UUID {
	if ref.Recipient == nil {
		return uuid.Nil
	}
	return *ref.Recipient
}

// TicketHeader carries a ticket of programs; pages have it in the query.
const TicketHeader = "Share-Ticket"

// readTicket reads the request's ticket. One of another share, or without a good signature, is
// none; over says that its proofs were good once.
func (p *Public) readTicket(c *gin.Context, v visit) (t ticket, over bool) {
	text := c.GetHeader(TicketHeader)
	if text == "" {
		text = c.Query("ticket")
	}
	b, err := p.Keys.Open(purpose, text)
	if err != nil || len(b) != ticketSize {
		return t, false
	}
	recipient := recipientOf(v.ref)
	if !bytes.Equal(b[1:17], v.ref.Share[:]) || !bytes.Equal(b[17:33], recipient[:]) {
		return t, false
	}
	t.dropper = uuid.UUID(b[33:49])
	t.until = time.Unix(int64(binary.BigEndian.Uint64(b[49:57])), 0)
	if now := time.Now(); !t.until.After(now) || t.until.After(now.Add(ticketLife+time.Minute)) {
		return t, b[0] != 0
	}
	t.code = b[0]&provesCode != 0
	t.password = b[0]&provesPassword != 0 && bytes.Equal(b[57:], fingerprint(v.share.PasswordHash))
	return t, false
}

// proven is the visitor's ticket with one more proof. The time is that of the newest: who
// proves the password has the code still in hand.
func (v visit) proven(add func(*ticket)) ticket {
	t := v.ticket
	add(&t)
	t.until = time.Now().Add(ticketLife)
	return t
}
