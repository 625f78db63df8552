package main

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	_ "embed"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

//go:embed page.html
var frame string

//go:embed style.css
var style []byte

var pageTemplate = template.Must(template.New("page").Parse(frame))

var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithAutoHeadingID()))

// site is what is made.
type site struct {
	root, source string
	pages        map[string]*page // by their path in the repository
	files        map[string]bool  // pictures to copy
	faults       []string
}

// page is one.
type page struct {
	path, title string
	doc         ast.Node
	text        []byte
	body        template.HTML
	headings    []heading
	ids         map[string]bool
	linked      bool
}

type heading struct{ ID, Text string }

// outOf gives where a page lies in the site.
func outOf(p string) string {
	switch {
	case p == "README.md":
		return "index.html"
	case path.Base(p) == "README.md":
		return path.Join(path.Dir(p), "index.html")
	}
	return strings.TrimSuffix(p, ".md") + ".html"
}

func build(root, out, source string) (int, error) {
	s := &site{root: root, source: strings.TrimRight(source, "/"), pages: map[string]*page{}, files: map[string]bool{}}
	if err := s.read(); err != nil {
		return 0, err
	}
	reference, err := readReference(filepath.Join(root, "api", "openapi.yaml"))
	if err != nil {
		return 0, err
	}
	s.pages[referencePage] = reference
	for _, p := range s.sorted() {
		s.links(p)
	}
	s.checkNavigation()
	if len(s.faults) > 0 {
		slices.Sort(s.faults)
		return 0, errors.New(strings.Join(s.faults, "\n"))
	}
	return len(s.pages), s.write(out)
}

func (s *site) read() error {
	paths := []string{"README.md", "ARCHITECTURE.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "web/README.md"}
	err := filepath.WalkDir(filepath.Join(s.root, "docs"), func(at string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(at, ".md") {
			rel, relErr := filepath.Rel(s.root, at)
			paths, err = append(paths, filepath.ToSlash(rel)), relErr
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range paths {
		b, err := os.ReadFile(filepath.Join(s.root, p))
		if err != nil {
			return err
		}
		s.pages[p] = parse(p, b)
	}
	return nil
}

func parse(p string, b []byte) *page {
	pg := &page{path: p, text: b, doc: markdown.Parser().Parse(text.NewReader(b)), ids: map[string]bool{}}
	_ = ast.Walk(pg.doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		h, ok := n.(*ast.Heading)
		if !ok || !entering {
			return ast.WalkContinue, nil
		}
		said := plain(h, b)
		if h.Level == 1 && pg.title == "" {
			pg.title = said
		}
		if id, ok := h.AttributeString("id"); ok {
			pg.ids[string(id.([]byte))] = true
			if h.Level == 2 {
				pg.headings = append(pg.headings, heading{string(id.([]byte)), said})
			}
		}
		return ast.WalkContinue, nil
	})
	if pg.title == "" {
		pg.title = p
	}
	return pg
}

// plain gives the words of a node.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

func (s *site) sorted() []*page {
	all := make([]*page, 0, len(s.pages))
	for _, p := range s.pages {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *page) int { return strings.Compare(a.path, b.path) })
	return all
}

// links turns the links of a page into those of the site, and says which lead nowhere.
func (s *site) links(p *page) {
	if p.doc == nil {
		return
	}
	var unlinked []*ast.Link
	_ = ast.Walk(p.doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			to, ok := s.resolve(p, string(n.Destination))
			if !ok {
				unlinked = append(unlinked, n)
				break
			}
			n.Destination = []byte(to)
		case *ast.Image:
			if to, ok := s.resolve(p, string(n.Destination)); ok {
				n.Destination = []byte(to)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, l := range unlinked { // a file of the repository that is not in the site: its words stay
		for c := l.FirstChild(); c != nil; {
			next := c.NextSibling()
			l.Parent().InsertBefore(l.Parent(), l, c)
			c = next
		}
		l.Parent().RemoveChild(l.Parent(), l)
	}
	var b bytes.Buffer
	if err := markdown.Renderer().Render(&b, p.text, p.doc); err != nil {
		s.fault(p, "cannot be rendered: %v", err)
	}
	p.body = template.HTML(b.String()) //nolint:gosec // goldmark escapes; raw HTML is left out
}

func (s *site) fault(p *page, format string, args ...any) {
	s.faults = append(s.faults, p.path+": "+fmt.Sprintf(format, args...))
}

// resolve gives the address of a link in the site; false: there is none, and its words stay.
func (s *site) resolve(p *page, to string) (string, bool) {
	if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
		return to, true
	}
	file, anchor, _ := strings.Cut(to, "#")
	at := p.path
	if file != "" {
		at = path.Join(path.Dir(p.path), file)
	}
	if at == "api/openapi.yaml" {
		at = referencePage
	}
	target, known := s.pages[at]
	if !known {
		target, known = s.pages[path.Join(at, "README.md")]
	}
	switch {
	case known && anchor != "" && !target.ids[anchor]:
		s.fault(p, "the link %s leads to a heading that is not there", to)
		return to, true
	case known:
		target.linked = true
		address := relative(p.path, outOf(target.path))
		if file == "" {
			address = ""
		}
		if anchor != "" {
			address += "#" + anchor
		}
		return address, true
	}
	if info, err := os.Stat(filepath.Join(s.root, at)); err != nil {
		s.fault(p, "the link %s leads nowhere", to)
		return to, true
	} else if ext := path.Ext(at); !info.IsDir() && (ext == ".png" || ext == ".svg") {
		s.files[at] = true
		return relative(p.path, at), true
	}
	if s.source == "" {
		return "", false
	}
	return s.source + "/" + at, true
}

// relative gives the way from a page to a file of the site.
func relative(from, to string) string {
	rel, err := filepath.Rel(path.Dir(outOf(from)), to)
	if err != nil {
		return to
	}
	return filepath.ToSlash(rel)
}

// checkNavigation says which pages no one finds (they are in no group, and no page links them), and which entries lead nowhere.
func (s *site) checkNavigation() {
	in := map[string]bool{}
	for _, g := range navigation {
		for _, e := range g.Pages {
			in[e.Page] = true
			if s.pages[e.Page] == nil {
				s.faults = append(s.faults, "navigation: "+e.Page+" is not there")
			}
		}
	}
	for _, p := range s.sorted() {
		if !in[p.path] && !p.linked {
			s.fault(p, "the navigation does not lead to it, and no page: add it to deploy/tools/site/nav.go, or link it")
		}
	}
}

func (s *site) write(out string) error {
	for _, p := range s.sorted() {
		var b bytes.Buffer
		if err := pageTemplate.Execute(&b, s.view(p)); err != nil {
			return fmt.Errorf("%s: %w", p.path, err)
		}
		if err := save(filepath.Join(out, outOf(p.path)), b.Bytes()); err != nil {
			return err
		}
	}
	for f := range s.files {
		b, err := os.ReadFile(filepath.Join(s.root, f))
		if err != nil {
			return err
		}
		if err := save(filepath.Join(out, f), b); err != nil {
			return err
		}
	}
	return save(filepath.Join(out, "style.css"), style)
}

func save(at string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil { //nolint:gosec // a site is public
		return err
	}
	return os.WriteFile(at, b, 0o644) //nolint:gosec // a site is public
}

// view is what the frame shows.
type view struct {
	Title, Style string
	Home         bool
	Groups       []navGroup
	Headings     []heading
	Body         template.HTML
}

type navGroup struct {
	Title string
	Open  bool
	Pages []navEntry
}

type navEntry struct {
	Title, Address string
	Here           bool
}

func (s *site) view(p *page) view {
	v := view{Title: p.title, Style: relative(p.path, "style.css"), Body: p.body}
	if len(p.headings) > 2 {
		v.Headings = p.headings
	}
	for _, g := range navigation {
		n := navGroup{Title: g.Title}
		for _, e := range g.Pages {
			here := e.Page == p.path || slices.Contains(indexed, path.Dir(p.path)+"/") && e.Page == path.Join(path.Dir(p.path), "README.md")
			n.Open = n.Open || here
			n.Pages = append(n.Pages, navEntry{e.Title, relative(p.path, outOf(e.Page)), here})
		}
		v.Groups = append(v.Groups, n)
	}
	return v
}
