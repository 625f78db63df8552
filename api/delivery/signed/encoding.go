package signed

import (
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"satchel/tenancy"
)

// The form of a message: a byte that names the form, a byte of flags, the end as seconds
// since 1970 in 8 bytes, the organization and the file in 16 bytes each, each id that a
// flag announces in 16 bytes, and the transformation up to the end. All but the last
// have fixed lengths, so that a message is read in one way only.
const form = 1

const (
	hasShare = 1 << iota
	hasDownload
	hasActor
	hasKey
	isAttachment
	unknownFlags = 0xff &^ (isAttachment<<1 - 1)
)

const fixed = 2 + 8 + 16 + 16

func encode(l Link) []byte {
	b := make([]byte, 2, fixed+4*16+len(l.Transformation))
	b[0] = form
	b = binary.BigEndian.AppendUint64(b, uint64(l.Expires.Unix()))
	organization := l.Organization.UUID()
	b = append(append(b, organization[:]...), l.File[:]...)
	for _, optional := range l.optional() {
		if *optional.id != uuid.Nil {
			b[1] |= optional.flag
			b = append(b, optional.id[:]...)
		}
	}
	if l.Attachment {
		b[1] |= isAttachment
	}
	return append(b, l.Transformation...)
}

type optional struct {
	flag byte
	id   *uuid.UUID
}

// optional are the ids that a link may have, in their order.
func (l *Link) optional() []optional {
	return []optional{{hasShare, &l.Share}, {hasDownload, &l.Download}, {hasActor, &l.Actor}, {hasKey, &l.Key}}
}

// decode reads what encode wrote. Its input is signed; it refuses other forms all the
// same, since a later release may sign them.
func decode(version uuid.UUID, b []byte) (Link, error) {
	if len(b) < fixed || b[0] != form || b[1]&unknownFlags != 0 {
		return Link{}, ErrInvalid
	}
	flags := b[1]
	l := Link{Version: version, Attachment: flags&isAttachment != 0}
	l.Expires = time.Unix(int64(binary.BigEndian.Uint64(b[2:])), 0)
	l.Organization, l.File = tenancy.OrgID(b[10:26]), uuid.UUID(b[26:fixed])
	b = b[fixed:]
	for _, o := range l.optional() {
		if flags&o.flag == 0 {
			continue
		}
		if len(b) < len(o.id) {
			return Link{}, ErrInvalid
		}
		*o.id, b = uuid.UUID(b[:len(o.id)]), b[len(o.id):]
	}
	l.Transformation = string(b)
	return l, nil
}
