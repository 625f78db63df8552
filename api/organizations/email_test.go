package organizations

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/tenancy/members"
)

// TestOneRuleForAddresses: an owner whose address passes authentication can be invited
// when the organization is ready.
func TestOneRuleForAddresses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64) + "@" + strings.Repeat("b", 254-65-len(".example")) + ".example"
	require.Len(t, long, 254)
	for address, good := range map[string]bool{
		"a@school.example": true, "A.B+c@school.example": true, long: true, "ü@school.example": true,
		"a" + long: false, "a@[127.0.0.1]": false, "a@[IPv6:::1]": false, `"a b"@school.example`: false, `"a"@school.example`: false,
		"Name <a@school.example>": false, "<a@school.example>": false, "a@b@c": false, "a": false, " a@school.example": false,
		"a@school.example ": false, "a@school.example\r\nBcc: b@school.example": false, "a@school.example, b@school.example": false,
	} {
		owner := ownerBody{Email: address}
		require.Equal(t, good, owner.check(true) == nil, "owner %q", address)
		require.Equal(t, good, checkEmail("contact_email", address) == nil, "contact %q", address)
		require.Equal(t, good, members.CheckEmail(address) == nil, "invitation %q", address)
	}
	require.NoError(t, checkEmail("contact_email", ""), "none is none")
}
