package people

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"net/http"

	"github.com/gin-gonic/gin"
)

//go:embed invitation.html
var invitationPage []byte

// The page may run its own script and style, known by their hashes, and call
// this API: nothing else, and nobody else's.
var invitationPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'; script-src " +
	hashBetween(invitationPage, "<script>", "</script>") + "; style-src " + hashBetween(invitationPage, "<style>", "</style>")

// hashBetween is the source by which CSP (level 3, section 6.7.3.3) allows one
// inline element.
func hashBetween(page []byte, from, to string) string {
	_, rest, found := bytes.Cut(page, []byte(from))
	inner, _, closed := bytes.Cut(rest, []byte(to))
	if !found || !closed {
		panic("the page has no " + from)
	}
	h := sha256.Sum256(inner)
	return "'sha256-" + base64.StdEncoding.EncodeToString(h[:]) + "'"
}

// InvitationPage is where the link in the mail leads. The token is in the
// fragment, which no browser sends: no log and no proxy on the way has it.
func (r *People) InvitationPage(c *gin.Context) error {
	c.Header("Content-Security-Policy", invitationPolicy)
	c.Data(http.StatusOK, "text/html; charset=utf-8", invitationPage)
	return nil
}
