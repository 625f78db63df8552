// Package mailtext writes what the mails to members say, in their languages. Of a
// person, a file or a space it says nothing: a mail goes through the hands of others,
// and what it is about is in the inbox. A subject holds nothing that anyone chose.
package mailtext

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"maps"
	"slices"
	"strings"
	texttemplate "text/template"

	"golang.org/x/text/message"

	"satchel/internal/messages"
)

//go:embed messages/*.json mail.html mail.txt
var files embed.FS

// Fallback is the language of who asks for none that there is.
const Fallback = "en"

var (
	texts    = messages.Read(files)
	printers = texts.Printers(Fallback)
	asText   = texttemplate.Must(texttemplate.ParseFS(files, "mail.txt"))
	asHTML   = htmltemplate.Must(htmltemplate.ParseFS(files, "mail.html"))
)

// Languages lists the languages.
func Languages() []string { return slices.Sorted(maps.Keys(texts)) }

// Text is that of a key in a language.
func Text(name, key string, args ...any) string {
	p, found := printers[name]
	if !found {
		p = printers[Fallback]
	}
	return p.Sprintf(message.Key(key, key), args...)
}

// Item is a kind of notification and how many there are.
type Item struct {
	Kind string
	N    int
}

// Letter is what a mail is about.
type Letter struct {
	Kind         string // of the mail
	Language     string
	Organization string // a name that is safe to show
	Items        []Item
	Code         string // of address.confirm
	Link         string // to the inbox
	Unsubscribe  string // page on which more of them are refused; or empty
	Required     bool   // it cannot be refused

	Blocks  []Block // of a notice that the law demands; below the paragraphs
	Answer  string  // key of what the link does; empty: it opens the inbox
	Until   string  // when the time to answer is over
	Contact string  // where the reader asks; or empty
}

// Block is a part of a notice, in the words of who publishes it.
type Block struct{ Title, Text string }

// Mail is what is sent.
type Mail struct{ Subject, Text, HTML string }

// view is a letter for the templates.
type view struct {
	Letter
	Paragraphs []string
	After      string
}

// T is a text in the letter's language.
func (v view) T(key string, args ...any) string { return Text(v.Language, key, args...) }

// consentKinds begin the names of mails to parents, which go to no inbox.
const consentKinds = "consent."

// Open is what the link does.
func (v view) Open() string {
	if v.Answer != "" {
		return v.T(v.Answer)
	}
	return v.T("open")
}

// Write writes both forms of a mail.
func Write(l Letter) (Mail, error) {
	if _, known := texts[l.Language]; !known {
		l.Language = Fallback
	}
	v := view{Letter: l}
	if l.Kind == "address.confirm" {
		v.Paragraphs, v.After, v.Link = []string{v.T("address.confirm.text")}, v.T("address.confirm.else"), ""
	}
	if strings.HasPrefix(l.Kind, consentKinds) {
		v.Paragraphs, v.After = []string{v.T(l.Kind+".text", l.Organization)}, v.T(l.Kind+".else")
		if l.Until != "" {
			v.After = v.T(l.Kind+".else", l.Until)
		}
	}
	total := 0
	for _, i := range l.Items {
		v.Paragraphs = append(v.Paragraphs, v.T(known(l.Language, i.Kind)+".text", i.N))
		total += i.N
	}
	subject, args := known(l.Language, l.Kind)+".subject", []any{}
	if len(texts[l.Language][subject]) > 1 {
		args = append(args, total)
	}
	m := Mail{Subject: v.T(subject, args...)}
	var t, h bytes.Buffer
	if err := asText.Execute(&t, v); err != nil {
		return Mail{}, fmt.Errorf("write mail: %w", err)
	}
	if err := asHTML.Execute(&h, v); err != nil {
		return Mail{}, fmt.Errorf("write mail: %w", err)
	}
	m.Text, m.HTML = strings.TrimSpace(t.String())+"\n", h.String()
	return m, nil
}

// known is the kind, or the one for which there are words in any case.
func known(language, kind string) string {
	if _, found := texts[language][kind+".subject"]; found {
		return kind
	}
	return "other"
}
