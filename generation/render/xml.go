package render

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// node is an element, or a text if it has no name. Attributes are pairs.
type node struct {
	name  string
	attrs []string
	kids  []node
	text  string
}

func el(name string, attrs []string, kids ...node) node {
	return node{name: name, attrs: attrs, kids: kids}
}

func txt(s string) node { return node{text: s} }

func (n node) write(b *strings.Builder) {
	if n.name == "" {
		escape(b, n.text)
		return
	}
	b.WriteString("<" + n.name)
	for i := 0; i < len(n.attrs); i += 2 {
		b.WriteString(" " + n.attrs[i] + `="`)
		escape(b, n.attrs[i+1])
		b.WriteString(`"`)
	}
	if len(n.kids) == 0 {
		b.WriteString("/>")
		return
	}
	b.WriteString(">")
	for _, kid := range n.kids {
		kid.write(b)
	}
	b.WriteString("</" + n.name + ">")
}

func escape(b *strings.Builder, s string) {
	_ = xml.EscapeText(b, []byte(s)) // a strings.Builder takes every write
}

// document is a node as an XML document.
func (n node) document() []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	n.write(&b)
	return []byte(b.String() + "\n")
}

// member is a file of a package.
type member struct {
	name    string
	content []byte
}

// packed makes a zip whose bytes depend on its members only.
func packed(members []member) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.CreateHeader(&zip.FileHeader{Name: m.name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			return nil, fmt.Errorf("write package: %w", err)
		}
		if _, err := w.Write(m.content); err != nil {
			return nil, fmt.Errorf("write package: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("write package: %w", err)
	}
	return b.Bytes(), nil
}
