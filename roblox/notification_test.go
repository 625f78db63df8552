package roblox_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/roblox"
)

var (
	erasure = []byte(`{"NotificationId":"n-1", "EventType":"RightToErasureRequest","EventTime":"2026-11-29T13:00:00Z","EventPayload":{"UserId":123,"GameIds":[9]}}`)
	moment  = time.Unix(1_790_000_000, 0)
)

func TestSignatures(t *testing.T) {
	t.Parallel()
	header := roblox.Sign("secret", erasure, moment)
	for _, skew := range []time.Duration{0, 4 * time.Minute, -4 * time.Minute} {
		require.NoError(t, roblox.Verify("secret", header, erasure, moment.Add(skew)))
	}
	for _, skew := range []time.Duration{6 * time.Minute, -6 * time.Minute, 24 * time.Hour} {
		require.ErrorIs(t, roblox.Verify("secret", header, erasure, moment.Add(skew)), roblox.ErrSignature, "clocks differ by %s", skew)
	}
	var again any
	require.NoError(t, json.Unmarshal(erasure, &again))
	written, err := json.Marshal(again)
	require.NoError(t, err)
	require.ErrorIs(t, roblox.Verify("secret", header, written, moment), roblox.ErrSignature, "a body that was read and written again")
	require.ErrorIs(t, roblox.Verify("other", header, erasure, moment), roblox.ErrSignature)
	require.ErrorIs(t, roblox.Verify("", roblox.Sign("", erasure, moment), erasure, moment), roblox.ErrSignature, "no secret signs nothing")
	at, v1, _ := strings.Cut(header, ",")
	for _, bad := range []string{"", at, v1, at + ",v1=", at + ",v1=AAAA", "t=1," + v1, at + "0," + v1, "t=x," + v1, at + "," + at + "," + v1, at + ",v0=" + v1[3:]} {
		require.ErrorIs(t, roblox.Verify("secret", bad, erasure, moment), roblox.ErrSignature, bad)
	}
	require.NoError(t, roblox.Verify("secret", at+",v1=AAAA, "+v1, erasure, moment), "while a secret is replaced there are two")
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	n, err := roblox.ReadNotification(erasure)
	require.NoError(t, err)
	require.Equal(t, roblox.Notification{ID: "n-1", Type: roblox.ErasureEvent, User: 123}, n)
	n, err = roblox.ReadNotification(bytes.Replace(erasure, []byte("123"), []byte(`"123"`), 1))
	require.NoError(t, err)
	require.EqualValues(t, 123, n.User)
	n, err = roblox.ReadNotification([]byte(`{"NotificationId":"n-2","EventType":"SampleNotification","EventPayload":{"UserId":1}}`))
	require.NoError(t, err)
	require.Zero(t, n.User, "what is of no use here is taken")
	for _, bad := range []string{"", "[]", "{}", `{"NotificationId":"n"}`, `{"NotificationId":"` + strings.Repeat("n", 101) + `","EventType":"e"}`,
		`{"NotificationId":"n","EventType":"RightToErasureRequest"}`, `{"NotificationId":"n","EventType":"RightToErasureRequest","EventPayload":{"UserId":-1}}`} {
		_, err := roblox.ReadNotification([]byte(bad))
		require.ErrorIs(t, err, roblox.ErrNotification, bad)
	}
}

// FuzzNotification reads what anybody may send.
func FuzzNotification(f *testing.F) {
	f.Add("t=1790000000,v1=AAAA", erasure)
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		if header != roblox.Sign("secret", body, moment) {
			_ = roblox.Verify("secret", header, body, moment)
		}
		if n, err := roblox.ReadNotification(body); err == nil {
			require.Equal(t, n.Type == roblox.ErasureEvent, n.User > 0)
		}
	})
}
