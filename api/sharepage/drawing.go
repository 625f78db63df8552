package sharepage

import (
	"html/template"
	"net/url"
	"strconv"
	"time"
)

// drawing is a view in one language.
type drawing struct {
	View
	language string
	explicit bool // the language was asked for in the address, and stays there
}

// stubs let the template be read before a language is known.
var stubs = drawing{}.funcs()

func (d drawing) funcs() template.FuncMap {
	return template.FuncMap{
		"t":         d.text,
		"date":      func(t time.Time) string { return date(d.language, t) },
		"machine":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"size":      func(n int64) string { return size(d.language, n) },
		"minutes":   func(n time.Duration) int { return int(max(time.Minute, n+time.Minute-1) / time.Minute) },
		"lang":      func() string { return d.language },
		"dir":       func() string { return direction(d.language) },
		"languages": d.languages,
		"address":   d.address,
		"script":    func() string { return scriptAddress },
		"before":    func() string { return d.page(d.Page - 1) },
		"after":     func() string { return d.page(d.Page + 1) },
	}
}

// text is that of a key. A number that may be absent comes as a pointer, which would be
// written as an address in memory.
func (d drawing) text(key string, args ...any) string {
	for i, a := range args {
		if n, ok := a.(*int); ok && n != nil {
			args[i] = *n
		}
	}
	return translate(d.language, key, args...)
}

// address is one of this page's own, with what must go along: the ticket, and a language
// that was chosen.
func (d drawing) address(below string, query ...string) string {
	q := url.Values{}
	if d.Ticket != "" {
		q.Set("ticket", d.Ticket)
	}
	if d.explicit {
		q.Set("lang", d.language)
	}
	for i := 0; i+1 < len(query); i += 2 {
		if query[i+1] != "" {
			q.Set(query[i], query[i+1])
		}
	}
	if len(q) == 0 {
		return d.Address + below
	}
	return d.Address + below + "?" + q.Encode()
}

// page is a page of the document in an address; empty where there is none.
func (d drawing) page(n int) string {
	if n < 1 || n > d.Pages {
		return ""
	}
	return strconv.Itoa(n)
}

// choice is a language to choose.
type choice struct{ Code, Name, Address string }

func (d drawing) languages() []choice {
	var all []choice
	for _, name := range names {
		if name == d.language {
			continue
		}
		other := drawing{View: d.View, language: name, explicit: true}
		all = append(all, choice{name, translate(name, "language"), other.address("", "folder", d.Folder, "page", d.page(d.Page))})
	}
	return all
}

// Title is what the window is called. The name of a file is in it only where the page
// shows that name too.
func (d drawing) Title() string {
	if d.State == Open && d.Name != "" {
		return d.Name
	}
	return translate(d.language, "title_"+string(d.State))
}

// Ends says whether the page has nothing but a reason to show.
func (d drawing) Ends() bool {
	switch d.State {
	case Open, Password, Code:
		return false
	case NotYet, Expired, Revoked, Ended, UsedUp, InTrash, Checking, Quarantined, Refused, Unavailable, Unknown, Busy, Crowded, Failed:
	}
	return true
}
