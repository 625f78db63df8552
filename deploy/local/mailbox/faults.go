package main

import (
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// faultDomain is the domain of addresses at which the mailbox plays a mail server that
// does not do as it should. The local part says what, and what is behind a plus is free:
// busy+anna@faults.invalid. Mail to any other address is taken.
const faultDomain = "@faults.invalid"

// The faults.
const (
	busy     = "busy"     // 451 at the recipient, each time
	greylist = "greylist" // 451 at the recipient the first time, and taken from then on
	unknown  = "unknown"  // 550 5.1.1 at the recipient
	full     = "full"     // 552 5.2.2 after the mail was sent
	refused  = "refused"  // 554 5.7.1 after the mail was sent
	lost     = "lost"     // the mail is taken, and the connection breaks instead of the answer
	slow     = "slow"     // the mail is taken, and the answer comes after a minute
)

// slowFor is longer than those wait who send.
const slowFor = time.Minute

func faultOf(address string) string {
	local, found := strings.CutSuffix(strings.ToLower(address), faultDomain)
	if !found {
		return ""
	}
	local, _, _ = strings.Cut(local, "+")
	return local
}

func status(code int, enhanced smtp.EnhancedCode, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

// greylisted remembers the addresses that were put off once.
type greylisted struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (g *greylisted) first(address string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.seen[address]
	if g.seen == nil {
		g.seen = map[string]bool{}
	}
	g.seen[address] = true
	return !before
}

// atRecipient is the answer to an address.
func (s *session) atRecipient(to string) error {
	switch faultOf(to) {
	case busy:
		return status(451, smtp.EnhancedCode{4, 3, 2}, "busy, as this address asks for")
	case greylist:
		if s.box.greylisted.first(strings.ToLower(to)) {
			return status(451, smtp.EnhancedCode{4, 7, 1}, "greylisted, as this address asks for")
		}
	case unknown:
		return status(550, smtp.EnhancedCode{5, 1, 1}, "unknown, as this address asks for")
	}
	return nil
}

// beforeKept is the answer to a mail that is not taken.
func (s *session) beforeKept() error {
	for _, to := range s.to {
		switch faultOf(to) {
		case full:
			return status(552, smtp.EnhancedCode{5, 2, 2}, "full, as this address asks for")
		case refused:
			return status(554, smtp.EnhancedCode{5, 7, 1}, "refused, as this address asks for")
		}
	}
	return nil
}

// afterKept is what comes in place of the answer to a mail that was taken.
func (s *session) afterKept() {
	for _, to := range s.to {
		switch faultOf(to) {
		case lost:
			_ = s.conn.Close()
		case slow:
			time.Sleep(s.box.slow)
		}
	}
}
