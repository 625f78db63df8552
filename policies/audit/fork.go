package audit

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gowebpki/jcs"

	"satchel/policies/audit/auditdb"
	"satchel/tenancy"
)

// Fork says that an audit log was restored to an earlier end, and goes on from there with
// other events. The checkpoints between its two numbers speak of the events that were lost.
// It is signed and kept beside the checkpoints: the database alone, which is what
// checkpoints are compared with, cannot explain a checkpoint away.
type Fork struct {
	After        int64  `json:"after"` // the last event that was kept
	At           string `json:"at"`    // when this was found: later checkpoints are of the log that goes on
	Key          string `json:"key"`   // KeyID of the public key
	Organization string `json:"organization"`
	Through      int64  `json:"through"`             // the last event of which a checkpoint speaks that was lost
	Signature    string `json:"signature,omitempty"` // Ed25519 over the rest in RFC 8785 form, base64
}

// SignFork signs it.
func (s *Signer) SignFork(f Fork, at time.Time) (Fork, error) {
	f.At, f.Key = at.UTC().Format(time.RFC3339), KeyID(s.Public())
	said, err := f.said()
	if err != nil {
		return f, err
	}
	f.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(s.key, said))
	return f, nil
}

func (f Fork) said() ([]byte, error) {
	f.Signature = ""
	b, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("write fork: %w", err)
	}
	return jcs.Transform(b)
}

// ReadFork reads what is stored of an organization, and says whether the platform signed it.
func ReadFork(b []byte, org tenancy.OrgID, trusted ...ed25519.PublicKey) (f Fork, ok bool) {
	if json.Unmarshal(b, &f) != nil || f.Organization != org.String() {
		return f, false
	}
	k, ok := Named(f.Key, trusted)
	if !ok {
		return f, false
	}
	said, err := f.said()
	if err != nil {
		return f, false
	}
	signature, err := base64.StdEncoding.DecodeString(f.Signature)
	return f, err == nil && ed25519.Verify(k, said, signature)
}

// Explains says whether a checkpoint speaks of an event that the restore lost.
func (f Fork) Explains(c Checkpoint) bool {
	signed, err := time.Parse(time.RFC3339, c.At)
	found, err2 := time.Parse(time.RFC3339, f.At)
	return err == nil && err2 == nil && c.Seq > f.After && c.Seq <= f.Through && !signed.After(found)
}

// ForkPrefix is where an organization's forks lie in the bucket of checkpoints.
func ForkPrefix(org tenancy.OrgID) string { return "forks/" + org.String() + "/" }

// ForkKey is where one lies. It is written once.
func ForkKey(org tenancy.OrgID, f Fork) string {
	return fmt.Sprintf("%s%020d-%020d.json", ForkPrefix(org), f.After, f.Through)
}

// HashAt reads the hash that an event closed. Without the event it is that of none.
func HashAt(ctx context.Context, q tenancy.Queries, seq int64) (hash Hash, err error) {
	rows, err := auditdb.New(q).EventPage(ctx, auditdb.EventPageParams{After: seq - 1, Through: seq, Most: 1})
	if err != nil || len(rows) == 0 {
		return hash, err
	}
	copy(hash[:], rows[0].Hash)
	return hash, nil
}
