// Package signed makes and checks the addresses of bytes on the content host. An
// address proves that Satchel gave it, for what, for whom and until when. It gives no
// access by itself: who serves it asks for the right behind it at each use.
package signed

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/tenancy"
)

// Path begins every address: Path, the version's id, a slash, a name for people.
const Path = "/c/"

// parameter of the query holds what is signed, and its signature.
const parameter = "s"

// MaxLife is how long an address may live. One whose end is further away is refused,
// however it was signed: a slip in a caller must not give an address for ever.
const MaxLife = time.Hour

// skew is by how much the clocks of two servers may differ at the far end.
const skew = time.Minute

// What an address can be refused for.
var (
	ErrInvalid = fault.New(fault.Denied, "link_invalid", "This address was changed on its way, or was not given by this service. Open the file again where you found it.")
	ErrExpired = fault.New(fault.Denied, "link_expired", "This address has ended: it lives for minutes. Open the file again where you found it.")
)

// Link is what an address says.
type Link struct {
	Organization  tenancy.OrgID
	File, Version uuid.UUID
	// Name is in the path for people and for programs that save under it. It is not
	// signed, and nothing may trust it.
	Name string
	// Transformation is the rendition, in the words of its owner; empty is the original.
	Transformation string
	Expires        time.Time // whole seconds
	// Share is the share by which the bytes leave, and Download the download of it that
	// is counted. Both are nil in an address of a session.
	Share, Download uuid.UUID
	// Actor is the member on whose behalf the bytes leave, and Key the API key that they
	// used. Both are nil in an address of a share.
	Actor, Key uuid.UUID
	// Attachment asks for Content-Disposition attachment where a browser could show the
	// bytes. Originals have it always.
	Attachment bool
}

// URL gives the address of a link below base, the address of the content host.
func (k *Keys) URL(base string, l Link) string {
	name := l.Name
	if name == "" || name == "." || name == ".." { // a client would take these for steps of the path
		name = "file"
	}
	return strings.TrimSuffix(base, "/") + Path + l.Version.String() + "/" + pathSegment(name) + "?" + parameter + "=" + k.sign(l)
}

// pathSegment escapes a name. A slash becomes an underscore and is not escaped: proxies
// and the API itself refuse an escaped one.
func pathSegment(name string) string {
	return url.PathEscape(strings.NewReplacer("/", "_", `\`, "_").Replace(strings.ToValidUTF8(name, "_")))
}

// Verify reads the link of a request. Its errors are ErrInvalid and ErrExpired; with the
// second comes the link, which opens nothing any more.
func (k *Keys) Verify(r *http.Request) (Link, error) { return k.verify(r.URL, time.Now()) }

func (k *Keys) verify(u *url.URL, now time.Time) (Link, error) {
	id, name, _ := strings.Cut(strings.TrimPrefix(u.Path, Path), "/")
	version, err := uuid.Parse(id)
	if err != nil || version.String() != id {
		return Link{}, ErrInvalid
	}
	l, err := k.open(version, u.Query()[parameter])
	if err != nil {
		return Link{}, err
	}
	l.Name = name
	switch end := l.Expires.Unix(); {
	case now.Unix() >= end:
		return l, ErrExpired
	case end-now.Unix() > int64((MaxLife + skew).Seconds()):
		return Link{}, ErrInvalid
	}
	return l, nil
}
