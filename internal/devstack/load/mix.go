package load

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	mathrand "math/rand/v2"
	"strings"

	"satchel/internal/devstack/samples"
)

// Way is how the bytes of an upload come.
type Way string

// The ways.
const (
	Form   Way = "form"   // one request
	Bare   Way = "bare"   // one request without an Idempotency-Key, which is sent once
	Tus    Way = "tus"    // a beginning, and one request with all bytes
	Pieces Way = "pieces" // a beginning, and several requests
)

// File is one to be sent.
type File struct {
	Name    string
	Body    []byte
	Way     Way
	Outcome string // the final status that it has to have
}

const (
	published   = "published"
	quarantined = "quarantined"
)

// kind makes one sort of file. Each body differs from all others, where its form allows for it.
type kind struct {
	share     int // of a hundred
	extension string
	outcome   string
	make      func(mark string) []byte
}

// mixed is what schools send: mostly small texts and pages, some pictures, few of what is large or
// has a virus in it.
var mixed = []kind{
	{38, "txt", published, func(mark string) []byte { return text(mark, between(200, 8000)) }},
	{8, "md", published, func(mark string) []byte {
		return append([]byte("# Notes\n\n- leaves\n- roots\n\n"), text(mark, between(100, 4000))...)
	}},
	{8, "csv", published, func(mark string) []byte {
		return []byte("minute,note\n" + strings.Repeat("5,"+mark+"\n", between(1, 200)))
	}},
	{5, "py", published, func(mark string) []byte { return []byte("def greet(name):\n    return \"" + mark + "\" + name\n") }},
	{10, "pdf", published, func(mark string) []byte { return samples.PDF("Worksheet " + mark) }},
	{6, "png", published, func(string) []byte { return samples.PNG(samples.Picture(between(60, 300), between(60, 300))) }},
	{5, "jpg", published, func(string) []byte {
		return samples.WithGPS(samples.JPEG(samples.Picture(between(200, 500), between(200, 500))))
	}},
	{1, "docx", published, func(mark string) []byte { return samples.DOCX("My holidays " + mark) }},
	{1, "odt", published, func(mark string) []byte { return samples.ODT("Reading list " + mark) }},
	{3, "zip", published, func(mark string) []byte { return samples.Archive([][2]string{{"readme.txt", mark + "\n"}}) }},
	{1, "wav", published, func(string) []byte { return samples.WAV() }},
	{2, "txt", quarantined, func(string) []byte { return samples.EICAR() }},
	{1, "zip", quarantined, func(string) []byte { return samples.Zipped("notes/eicar.txt", samples.EICAR()) }},
	{10, "txt", published, func(mark string) []byte { return text(mark, between(100_000, 2<<20)) }},
	{1, "txt", published, func(mark string) []byte { return text(mark, between(5<<20, 12<<20)) }},
}

// Mixed makes the file of a number: any kind, any way that suits its size. No other number's file has its
// name.
func Mixed(number int) File {
	at := mathrand.IntN(100)
	for _, k := range mixed {
		if at -= k.share; at < 0 {
			return File{Name: fmt.Sprintf("%06d – Grüße.%s", number, k.extension), Body: k.make(mark()), Outcome: k.outcome}.by()
		}
	}
	panic("the shares of the kinds are a hundred together")
}

// Small makes a text of some hundred bytes.
func Small(number int) File {
	return File{Name: fmt.Sprintf("%06d.txt", number), Body: text(mark(), between(200, 2000)), Outcome: published}.by()
}

const largestForm = 1 << 20

// by chooses the way.
func (f File) by() File {
	ways := []Way{Form, Form, Bare, Tus, Pieces}
	if len(f.Body) > largestForm {
		ways = []Way{Tus, Pieces, Pieces}
	}
	f.Way = ways[mathrand.IntN(len(ways))]
	return f
}

// pieces is in how many requests the bytes come at most.
const pieces = 4

func (f File) chunk() int64 {
	if f.Way == Pieces {
		return int64(len(f.Body)/pieces + 1)
	}
	return int64(len(f.Body))
}

func between(least, most int) int { return least + mathrand.IntN(most-least) }

// mark is a word that no other file has.
func mark() string {
	b := make([]byte, 12)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

func text(mark string, n int) []byte {
	line := []byte(mark + " The quick brown fox jumps over the lazy dog.\n")
	return bytes.Repeat(line, n/len(line)+1)[:n]
}
