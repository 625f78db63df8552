package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// message is one mail as the page and GET /messages show it.
type message struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	To      []string  `json:"to"`
	From    string    `json:"from"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	HTML    string    `json:"html"`
}

// box is the mails, a file each, so that they outlive a restart.
type box struct {
	dir        string
	greylisted greylisted
	slow       time.Duration
}

func openBox(dir string) (*box, error) {
	return &box{dir: dir, slow: slowFor}, os.MkdirAll(dir, 0o700)
}

// stored is the format of a file: the mail as received, and its recipients.
type stored struct {
	At  time.Time `json:"at"`
	To  []string  `json:"to"`
	Raw []byte    `json:"raw"`
}

// keep writes a mail whole or not at all. The names' order is the mails'.
func (b *box) keep(to []string, raw []byte) error {
	content, err := json.Marshal(stored{At: time.Now().UTC(), To: to, Raw: raw})
	if err != nil {
		return err
	}
	path := filepath.Join(b.dir, uuid.Must(uuid.NewV7()).String()+".json")
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return fmt.Errorf("keep mail: %w", err)
	}
	return os.Rename(path+".new", path)
}

const mostShown = 200

// newest gives the last mails, the newest first, and of those the ones to an
// address if one is given.
func (b *box) newest(to string) ([]message, error) {
	paths, err := filepath.Glob(filepath.Join(b.dir, "*.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	found := []message{}
	for _, path := range slices.Backward(paths) {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var s stored
		if err := json.Unmarshal(content, &s); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if to != "" && !slices.ContainsFunc(s.To, func(t string) bool { return strings.EqualFold(t, to) }) {
			continue
		}
		m := read(s.Raw)
		m.ID, m.At, m.To = strings.TrimSuffix(filepath.Base(path), ".json"), s.At, s.To
		if found = append(found, m); len(found) == mostShown {
			break
		}
	}
	return found, nil
}

// read takes a mail apart. One that is not well-formed is shown as it came.
func read(raw []byte) message {
	parsed, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return message{Text: string(raw)}
	}
	m := message{From: decoded(parsed.Header.Get("From")), Subject: decoded(parsed.Header.Get("Subject"))}
	m.add(parsed.Header.Get("Content-Type"), parsed.Header.Get("Content-Transfer-Encoding"), parsed.Body, 0)
	return m
}

const deepest = 5

func (m *message) add(contentType, encoding string, body io.Reader, depth int) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = "text/plain"
	}
	if strings.HasPrefix(media, "multipart/") && depth < deepest {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if err != nil {
				return
			}
			m.add(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part, depth+1)
		}
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, _ := io.ReadAll(body) // what cannot be decoded is shown as far as it could
	switch media {
	case "text/plain":
		m.Text += strings.ReplaceAll(string(text), "\r\n", "\n")
	case "text/html":
		m.HTML += string(text)
	}
}

func decoded(header string) string {
	text, err := new(mime.WordDecoder).DecodeHeader(header)
	if err != nil {
		return header
	}
	return text
}
