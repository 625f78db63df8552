package roblox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"satchel/generation"
	"satchel/internal/fault"
	"satchel/policies/disclosure"
	"satchel/roblox"
	"satchel/roblox/connections"
)

const (
	lessonFormat = "satchel-lesson/1"
	// mostLessons bounds what one connection brings to a data store; those beyond it are left.
	mostLessons = 1000
)

// lesson is a document as an experience reads it. What points into the source, which does not
// leave, is not in it, nor how many items were asked for.
type lesson struct {
	Format    string                 `json:"format"`
	Kind      generation.Kind        `json:"kind"`
	Title     string                 `json:"title"`
	Language  string                 `json:"language"`
	Level     string                 `json:"level,omitempty"`
	Answers   bool                   `json:"answers"`
	Passage   []string               `json:"passage,omitempty"`
	Questions []lessonQuestion       `json:"questions,omitempty"`
	Sections  []generation.Section   `json:"sections,omitempty"`
	Criteria  []generation.Criterion `json:"criteria,omitempty"`
	Terms     []generation.Term      `json:"terms,omitempty"`
}

type lessonQuestion struct {
	ID        string                  `json:"id"`
	Type      generation.QuestionType `json:"type"`
	Stem      string                  `json:"stem"`
	Options   []string                `json:"options,omitempty"`
	Points    int                     `json:"points"`
	Key       *int                    `json:"key,omitempty"`
	Accepted  []string                `json:"accepted,omitempty"`
	Rationale string                  `json:"rationale,omitempty"`
}

// lessonValue is the entry of a document. The same document gives the same bytes. Answers go
// along where the file that a person approved has them.
func lessonValue(document string, answers bool) ([]byte, error) {
	var d generation.Document
	if err := json.Unmarshal([]byte(document), &d); err != nil || d.Kind() == "" {
		return nil, roblox.ErrRefused.Because(errors.Join(errors.New("the document of a lesson cannot be read"), err))
	}
	l := lesson{Format: lessonFormat, Kind: d.Kind(), Title: d.Title, Language: d.Language, Level: d.Level, Answers: answers, Sections: d.Sections, Criteria: d.Criteria, Terms: d.Terms}
	for _, p := range d.Passage {
		l.Passage = append(l.Passage, p.Text)
	}
	for i := range l.Criteria {
		l.Criteria[i].Anchor = nil
	}
	for i := range l.Terms {
		l.Terms[i].Anchor = nil
	}
	for _, q := range d.Questions {
		one := lessonQuestion{ID: q.ID, Type: q.Type, Stem: q.Stem, Options: q.Options, Points: q.Points}
		if answers {
			one.Accepted, one.Rationale = q.Accepted, q.Rationale
			if q.Type == generation.Choice {
				one.Key = &q.Key
			}
		}
		l.Questions = append(l.Questions, one)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(l); err != nil {
		return nil, fmt.Errorf("encode lesson: %w", err)
	}
	value := bytes.TrimRight(b.Bytes(), "\n")
	if utf8.RuneCount(value) > roblox.MaxEntry {
		return nil, roblox.ErrTooLarge
	}
	return value, nil
}

// plannedLesson is a document with what was decided about it.
type plannedLesson struct {
	connections.WantedLesson
	rule string
}

// wantedLessons reads the documents of the spaces, and asks of each whether it may leave.
func (s *session) wantedLessons(ctx context.Context) (all []plannedLesson, err error) {
	q, after := s.DB.Single(s.org), uuid.Nil
	for len(all) < mostLessons {
		page, err := connections.LessonsWanted(ctx, q, s.Connection, after, min(pageOfFiles, mostLessons-len(all)))
		if err != nil || len(page) == 0 {
			return all, err
		}
		for _, w := range page {
			after = w.File
			one := plannedLesson{WantedLesson: w}
			err := allowed(ctx, q, w.File)
			switch {
			case errors.Is(err, disclosure.ErrRefused):
				one.rule = fault.Of(err).Rule
			case err != nil:
				return nil, err
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// lessonStep does the next step of a lesson. An error is what no step of it can put right, or
// what stops the connection; all else is in its row.
func (s *session) lessonStep(ctx context.Context, l connections.Lesson) error {
	switch {
	case l.State == connections.Removing:
		return s.removeLesson(ctx, l)
	case !l.Wanted:
		return s.unwant(ctx, l, l.Rule)
	case l.State == connections.Claimed:
		// Who claimed it has not said what became of it, and had the time to: it is read back.
		return s.moveLesson(ctx, l, connections.Move{To: connections.Unsure, Code: roblox.ErrUnsure.Code})
	}
	return s.writeLesson(ctx, l)
}

// writeLesson has the entry be what the document says. It is read first, so that what a lost
// answer has written is found there, and is written only where it is still what was read.
func (s *session) writeLesson(ctx context.Context, l connections.Lesson) error {
	q := s.DB.Single(s.org)
	d, err := connections.DocumentOf(ctx, q, l.Version)
	if err == nil && !d.Current {
		err = roblox.ErrNotFound
	}
	if err == nil {
		err = allowed(ctx, q, l.File)
	}
	switch {
	case errors.Is(err, roblox.ErrNotFound):
		return s.unwant(ctx, l, "")
	case errors.Is(err, disclosure.ErrRefused):
		return s.unwant(ctx, l, fault.Of(err).Rule)
	case err != nil:
		return s.lessonTrouble(ctx, l, err)
	case d.JSON == "" && l.State == connections.Live:
		return s.moveLesson(ctx, l, connections.Move{To: connections.Live, Rests: true}) // it stays as it was written
	case d.JSON == "":
		return s.unwant(ctx, l, "")
	}
	value, err := lessonValue(d.JSON, d.Answers)
	if err != nil {
		return s.lessonTrouble(ctx, l, err)
	}
	e, err := s.write(ctx, l.Key(), value, func() error {
		if l.State == connections.Claimed {
			return nil
		}
		claimed, err := connections.ClaimLesson(ctx, q, &l)
		if err == nil && !claimed {
			err = errNotOurs
		}
		return err
	})
	switch {
	case errors.Is(err, errNotOurs):
		return nil
	case err != nil:
		return s.lessonTrouble(ctx, l, err)
	}
	sum := sha256.Sum256(value)
	return connections.LessonWritten(context.WithoutCancel(ctx), q, l, hex.EncodeToString(sum[:]), e.Revision)
}

// errNotOurs ends a step whose row is another's now.
var errNotOurs = errors.New("the row of a lesson is not as it was read")

func (s *session) unwant(ctx context.Context, l connections.Lesson, rule string) error {
	return connections.UnwantLesson(context.WithoutCancel(ctx), s.DB.Single(s.org), l, rule)
}

// removeLesson deletes the entry. Roblox keeps what it was for 30 days.
func (s *session) removeLesson(ctx context.Context, l connections.Lesson) error {
	if l.AtRoblox {
		err := tell(ctx, s, connections.EntryPut, func() error { return s.cloud.DeleteEntry(ctx, s.Universe, Store, l.Key()) })
		if err != nil {
			return s.lessonTrouble(ctx, l, err)
		}
	}
	return connections.LessonRemoved(context.WithoutCancel(ctx), s.DB.Single(s.org), l)
}

func (s *session) moveLesson(ctx context.Context, l connections.Lesson, m connections.Move) error {
	return connections.MoveLesson(context.WithoutCancel(ctx), s.DB.Single(s.org), l, m)
}

// lessonTries is how often a lesson is tried in one sync whose entry somebody else writes too.
const lessonTries = 5

// lessonTrouble writes what a refusal means. A write whose answer was lost is unsure until it is
// read back; what Roblox refused was not written.
func (s *session) lessonTrouble(ctx context.Context, l connections.Lesson, err error) error {
	f := fault.Of(err)
	m := connections.Move{To: l.State, Code: f.Code, Tries: l.Tries + 1, Pause: pause(l.Tries, time.Second, 10*time.Minute)}
	if l.State == connections.Claimed {
		m.To = connections.Planned
	}
	switch {
	case ctx.Err() != nil:
		m.To, m.Code, m.Tries, m.Pause = unsureIf(l), l.Code, l.Tries, 0 // the step was called off
		return errors.Join(err, s.moveLesson(ctx, l, m))
	case stops(err):
		m.Pause = time.Minute
		return errors.Join(s.moveLesson(ctx, l, m), err)
	case f.Kind == fault.Limited:
		m.Pause = max(f.RetryAfter, m.Pause)
	case f.Kind == fault.Unavailable:
		m.To, m.Pause = unsureIf(l), max(f.RetryAfter, m.Pause)
	case f.Kind == fault.Internal:
		m.To = unsureIf(l)
		return errors.Join(err, s.moveLesson(ctx, l, m))
	case l.State == connections.Removing:
		m.Rests = true // it is asked again by the next sync
	case errors.Is(err, roblox.ErrChanged) && l.Tries < lessonTries:
	default:
		m.To, m.Rests = connections.Refused, true
	}
	return s.moveLesson(ctx, l, m)
}

// unsureIf is the state behind a write of which it is not known whether it was done.
func unsureIf(l connections.Lesson) connections.State {
	if l.State == connections.Claimed {
		return connections.Unsure
	}
	return l.State
}
