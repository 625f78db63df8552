package load

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/client"
)

// Client sends files into one school.
type Client struct {
	API      *client.Client
	School   int
	Ledger   *Ledger
	Patience time.Duration // how long an upload is tried
}

// Send sends a file until it is acknowledged or refused, or until the patience is over, and gives
// what came of it. All tries have the same Idempotency-Key; without one there is a single try. An error means that the ledger could not be written.
func (c *Client) Send(ctx context.Context, number int, f File) (Event, error) {
	sum := sha256.Sum256(f.Body)
	line := Line{
		Event: Sending, Number: number, School: c.School, Way: f.Way, Name: f.Name, Key: uuid.NewString(), Size: int64(len(f.Body)),
		SHA256: hex.EncodeToString(sum[:]), Outcome: f.Outcome,
	}
	if f.Way == Bare {
		line.Key = ""
	}
	if err := c.Ledger.Write(line); err != nil {
		return "", err
	}
	answer := c.try(ctx, f, line)
	answer.Number = number
	return answer.Event, c.Ledger.Write(answer)
}

const betweenTries = 200 * time.Millisecond

// try gives the line of the answer.
func (c *Client) try(ctx context.Context, f File, sent Line) Line {
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	s := sending{Client: c, File: f, line: sent}
	for tries := 1; ; tries++ {
		id, err := s.once(ctx)
		switch {
		case err == nil:
			return Line{Event: Acknowledged, File: id, Tries: tries}
		case s.Way == Bare && client.WorthRetrying(err):
			return Line{Event: Unanswered, Why: err.Error(), Tries: tries}
		case ctx.Err() != nil:
			return Line{Event: GivenUp, Why: err.Error(), Tries: tries}
		case !client.WorthRetrying(err) || client.HasCode(err, "idempotency_key_spent"):
			return Line{Event: Refused, Why: err.Error(), Tries: tries}
		}
		select {
		case <-ctx.Done():
			return Line{Event: GivenUp, Why: err.Error(), Tries: tries}
		case <-time.After(wait(err)):
		}
	}
}

// wait is how long the server asks to wait.
func wait(err error) time.Duration {
	var p *client.Problem
	if errors.As(err, &p) && p.RetryAfter > 0 {
		return p.RetryAfter
	}
	return betweenTries
}

// sending is an upload on its way.
type sending struct {
	*Client
	File
	line Line
	url  string // where an upload by tus goes on
}

func (s *sending) once(ctx context.Context) (string, error) {
	metadata := map[string]string{"sha256": s.line.SHA256, "category": string(s.Way)}
	if s.Way == Form || s.Way == Bare {
		f, err := s.API.SendForm(ctx, client.Form{Name: s.Name, Body: s.Body, Metadata: metadata, Key: s.line.Key})
		return f.ID, err
	}
	metadata["filename"] = s.Name
	id, err := s.API.Upload(ctx, client.Upload{
		Body: bytes.NewReader(s.Body), Size: s.line.Size, Metadata: metadata, Key: s.line.Key, Chunk: s.chunk(),
		URL: s.url, OnStart: func(url string) { s.url = url },
	})
	if err == nil && id == "" {
		err = fmt.Errorf("the answer to upload %s names no file", s.url)
	}
	return id, err
}
