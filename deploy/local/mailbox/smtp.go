package main

import (
	"io"
	"net"
	"time"

	"github.com/emersion/go-smtp"
)

const maxMail = 1 << 20

func newSMTP(b *box) *smtp.Server {
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{box: b, conn: c.Conn()}, nil }))
	s.Domain = "localhost"
	s.ReadTimeout, s.WriteTimeout = 30*time.Second, 30*time.Second
	s.MaxMessageBytes = maxMail
	s.MaxRecipients = 50
	s.EnableSMTPUTF8 = true
	return s
}

// session is one client's connection. It takes every address, but those of faults.
type session struct {
	box  *box
	conn net.Conn
	to   []string
}

// Reset forgets the mail that was begun.
func (s *session) Reset() { s.to = nil }

// Logout has nothing to give back.
func (s *session) Logout() error { return nil }

// Mail begins a mail from anyone.
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt takes one more address.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.atRecipient(to); err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

// Data keeps the mail. The client hears that it was taken once it is on disk.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.beforeKept(); err != nil {
		return err
	}
	if err := s.box.keep(s.to, raw); err != nil {
		return err
	}
	s.afterKept()
	return nil
}
