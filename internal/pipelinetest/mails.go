package pipelinetest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"satchel/activities/email"
)

// Mails is a mail server that takes mails, or fails as it is told.
type Mails struct {
	mu    sync.Mutex
	mails []email.Message
	err   error
	tries int
}

// Send takes a mail.
func (m *Mails) Send(_ context.Context, mail email.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tries++
	if m.err == nil {
		m.mails = append(m.mails, mail)
	}
	return m.err
}

// Fail refuses every mail with the error; nil takes them again.
func (m *Mails) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// All gives the mails that were taken, the oldest first.
func (m *Mails) All() []email.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.mails)
}

// Tokens gives the invitations' tokens in the mails that were taken.
func (m *Mails) Tokens() (tokens []string) {
	for _, mail := range m.All() {
		_, rest, _ := strings.Cut(mail.Text, "#token=")
		token, _, _ := strings.Cut(rest, "\n")
		tokens = append(tokens, token)
	}
	return tokens
}

// Tries counts the mails that were taken or refused.
func (m *Mails) Tries() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tries
}
