package roblox

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"satchel/internal/fault"
)

// SignatureHeader is that by which Roblox proves that it sent something.
const SignatureHeader = "Roblox-Signature"

// window is how old, or how far ahead of this machine's clock, what Roblox sends may be.
const window = 5 * time.Minute

// The refusals of what claims to be from Roblox. They do not say which part is wrong.
var (
	ErrSignature    = fault.New(fault.Denied, "roblox_signature_refused", "This is not signed by Roblox with the secret of the connection, or it is too old.")
	ErrNotification = fault.New(fault.Invalid, "roblox_notification_invalid", "This is no notification of Roblox.")
)

// Verify checks the signature of a body as it came: what is read and written again has other
// bytes, and no signature. A header without v1 is of a webhook without a secret, and refused.
func Verify(secret, header string, body []byte, now time.Time) error {
	var at string
	var signatures [][]byte
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			if at != "" {
				return ErrSignature
			}
			at = value
		case "v1":
			if s, err := base64.StdEncoding.DecodeString(value); err == nil {
				signatures = append(signatures, s)
			}
		}
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || secret == "" {
		return ErrSignature
	}
	want := sign(secret, at, body)
	valid := false
	for _, s := range signatures {
		valid = valid || hmac.Equal(s, want)
	}
	if age := now.Sub(time.Unix(seconds, 0)); !valid || age > window || age < -window {
		return ErrSignature
	}
	return nil
}

func sign(secret, at string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(at + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

// Sign makes the header that Roblox would send, for tests and the fake.
func Sign(secret string, body []byte, at time.Time) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ",v1=" + base64.StdEncoding.EncodeToString(sign(secret, t, body))
}

// ErasureEvent is the type of a request to erase a person.
const ErasureEvent = "RightToErasureRequest"

// Notification is what Roblox sends.
type Notification struct {
	ID   string
	Type string
	User int64 // of a request to erase
}

// ReadNotification reads a body whose signature was checked. Ids are numbers or strings.
func ReadNotification(body []byte) (Notification, error) {
	var in struct {
		NotificationID string `json:"NotificationId"`
		EventType      string
		EventPayload   struct {
			UserID json.RawMessage `json:"UserId"`
		}
	}
	if err := json.Unmarshal(body, &in); err != nil || in.NotificationID == "" || len(in.NotificationID) > 100 || in.EventType == "" {
		return Notification{}, ErrNotification
	}
	n := Notification{ID: in.NotificationID, Type: in.EventType}
	if n.Type != ErasureEvent {
		return n, nil
	}
	user, err := strconv.ParseInt(string(bytes.Trim(in.EventPayload.UserID, `"`)), 10, 64)
	if err != nil || user <= 0 {
		return Notification{}, ErrNotification
	}
	n.User = user
	return n, nil
}
