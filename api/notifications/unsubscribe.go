package notifications

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"

	"satchel/internal/mailtext"
	"satchel/tenancy/notifications"
)

//go:embed unsubscribe.html
var source string

var page = template.Must(template.New("unsubscribe").Parse(source))

// view is the page in one language.
type view struct {
	Language, State string
}

// T is a text of the page.
func (v view) T(key string) string { return mailtext.Text(v.Language, "page."+key) }

// policy allows the page's own style, known by its hash, and its form.
var policy = "default-src 'none'; style-src 'sha256-" + styleHash() + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func styleHash() string {
	_, rest, _ := strings.Cut(source, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}

var matcher = language.NewMatcher([]language.Tag{language.English, language.German})

func (r *Notifications) show(c *gin.Context, status int, state string) error {
	tags, _, _ := language.ParseAcceptLanguage(c.GetHeader("Accept-Language"))
	tag, _, _ := matcher.Match(tags...)
	base, _ := tag.Base()
	var b bytes.Buffer
	if err := page.Execute(&b, view{base.String(), state}); err != nil {
		return err
	}
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	// The address proves who may stop the mails, so no other site learns it. With
	// no-referrer the form would be sent with `Origin: null`, which is refused.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Language", base.String())
	c.Data(status, "text/html; charset=utf-8", b.Bytes())
	return nil
}

// AskUnsubscribe is what the link of a mail leads to. It changes nothing: mail servers
// follow links before people do.
func (r *Notifications) AskUnsubscribe(c *gin.Context) error {
	if _, err := r.Tokens.ReadUnsubscribe(c.Param("token")); err != nil {
		return r.show(c, http.StatusNotFound, "unknown")
	}
	return r.show(c, http.StatusOK, "ask")
}

// Unsubscribe stops mails of a kind, by the page's button or by a mail program (RFC
// 8058). It takes any body and asks for no login.
func (r *Notifications) Unsubscribe(c *gin.Context) error {
	s, err := r.Tokens.ReadUnsubscribe(c.Param("token"))
	if err != nil {
		return r.show(c, http.StatusNotFound, "unknown")
	}
	if err := notifications.Unsubscribe(c.Request.Context(), r.All, s); err != nil {
		return err
	}
	return r.show(c, http.StatusOK, "done")
}
