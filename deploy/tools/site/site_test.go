package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBrokenLinksFail: a file, a heading and a page that no one finds are told with the page that has them.
func TestBrokenLinksFail(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := save(filepath.Join(root, name), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, g := range navigation {
		for _, e := range g.Pages {
			write(e.Page, "# A page\n\n## A heading\n")
		}
	}
	for _, name := range []string{"ARCHITECTURE.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "web/README.md"} {
		write(name, "# A page\n")
	}
	write("api/openapi.yaml", "openapi: 3.1.0\ninfo: { title: T, version: '1', description: d }\ntags: [{ name: x, description: y }]\npaths:\n  /a:\n    get:\n      operationId: getA\n      tags: [x]\n      summary: Read <b>a</b>\n      responses: { '200': { description: ok } }\n")
	write("code.go", "package x\n")
	if err := os.Remove(filepath.Join(root, referencePage)); err != nil {
		t.Fatal(err)
	}
	write("README.md", "# Satchel\n\n[a](docs/overview.md#a-heading), [code](code.go), [contract](api/openapi.yaml#getA), <script>alert(1)</script>\n")
	out := t.TempDir()
	if _, err := build(root, out, ""); err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile(filepath.Join(out, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`href="docs/overview.html#a-heading"`, `href="api/reference.html#getA"`, "code,", "default-src 'none'"} {
		if !strings.Contains(string(made), want) {
			t.Errorf("%s is not in the page", want)
		}
	}
	for _, not := range []string{"<script", "code.go"} {
		if strings.Contains(string(made), not) {
			t.Errorf("%s is in the page", not)
		}
	}

	write("docs/lonely.md", "# Lonely\n")
	write("README.md", "# Satchel\n\n[a](docs/overview.md#none), [b](docs/none.md), [c](api/openapi.yaml#getB)\n")
	_, err = build(root, out, "")
	if err == nil {
		t.Fatal("broken links are taken")
	}
	for _, want := range []string{"docs/overview.md#none leads to a heading that is not there", "docs/none.md leads nowhere", "openapi.yaml#getB leads to a heading", "docs/lonely.md: the navigation does not lead to it"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told: %v", want, err)
		}
	}
}
