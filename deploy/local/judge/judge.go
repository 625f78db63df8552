package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"satchel/activities/inspect"
	"satchel/activities/preview"
	"satchel/activities/scan"
	"satchel/internal/clamd"
	"satchel/internal/spool"
	"satchel/policies/archives"
	"satchel/policies/ole"
	"satchel/policies/types"
	"satchel/policies/verdict"
)

// outcome is what becomes of one file.
type outcome struct {
	File string `json:"file"`
	Role role   `json:"role"`
	// Kind and Tier are those of the file's name, or, where the name selects none,
	// of its content.
	Kind string `json:"kind"`
	Tier string `json:"tier"`

	Taken         bool   `json:"taken"`
	MediaType     string `json:"media_type,omitempty"`
	CorrectedFrom string `json:"corrected_from,omitempty"`
	Rule          string `json:"rule,omitempty"`
	Sentence      string `json:"sentence,omitempty"`

	// Preview and its reason are those of the version's row, where previews are made.
	Preview       string `json:"preview,omitempty"`
	PreviewReason string `json:"preview_reason,omitempty"`
}

// role is who brings the file.
type role string

const (
	student role = "student"
	staff   role = "staff"
)

var roles = []role{student, staff}

// list names the files of a folder, each content with each extension once: the
// collections hold copies. Files that version control keeps for itself are none.
func list(folder string) (files []string, copies int, err error) {
	seen := map[string]bool{}
	err = filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".git":
			return filepath.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		sum, err := digest(name)
		if err != nil {
			return err
		}
		key := sum + strings.ToLower(filepath.Ext(name))
		if seen[key] {
			copies++
			return nil
		}
		seen[key] = true
		relative, err := filepath.Rel(folder, name)
		files = append(files, relative)
		return err
	})
	return files, copies, err
}

func digest(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// judge runs files through inspection and scan.
type judge struct {
	limits archives.Limits
	spool  *spool.Owner
	scan   *scan.Activities
	tools  preview.Tools // when previews are made
}

func newJudge(socket string) (*judge, error) {
	owner, err := spool.Open(spool.Config{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	limits := archives.DefaultLimits()
	limits.TempFile = owner.File
	var scanner scan.Scanner = unasked{}
	if socket != "" {
		scanner = asked{clamd.New(socket)}
	}
	const mostBytes = 2000 << 20
	return &judge{limits: limits, spool: owner, scan: scan.New(nil, nil, nil, scanner, limits, owner, scan.Config{MaxBytes: mostBytes})}, nil
}

func (j *judge) close() { _ = j.spool.Close() }

// content is a local file as the inspection reads it.
type content struct {
	*os.File
	size int64
}

// Whole reads the file from its beginning.
func (c content) Whole() (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(c.File, 0, c.size)), nil
}

func (j *judge) judge(ctx context.Context, folder, name string, by role) (outcome, error) {
	f, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		return outcome{}, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return outcome{}, err
	}
	out := outcome{File: name, Role: by}
	kept, err := types.CleanName(path.Base(filepath.ToSlash(name)))
	if err != nil {
		out.Kind, out.Rule, out.Sentence = "name that cannot be kept", "name", err.Error()
		return out, nil
	}
	rules := types.Rules{Staff: by == staff}
	o := inspect.Object{Name: kept, Size: info.Size(), Content: content{f, info.Size()}}
	found, err := inspect.Judge(ctx, o, rules, j.limits)
	if err != nil {
		return outcome{}, err
	}
	out.judged(kept, found)
	if found.Result.Verdict != verdict.Accepted {
		return out, nil
	}
	scanned, err := scan.Local(ctx, j.scan, f, info.Size(), found.Result.MimeType, found.Result.Archive)
	if err != nil {
		return outcome{}, err
	}
	out.scanned(scanned)
	return out, nil
}

// judged notes the inspection's result.
func (o *outcome) judged(name string, found inspect.Judgment) {
	o.MediaType, o.CorrectedFrom, o.Rule = found.Result.MimeType, found.Told.CorrectedFrom, found.Result.Rule
	o.Taken = found.Result.Verdict == verdict.Accepted
	if !o.Taken {
		o.Sentence = sentence(o.Rule, found.Told.Found, found.Told.Expected)
	}
	row, known := types.ByName(name)
	if !known && o.Taken {
		row, known = types.ByMediaType(o.MediaType)
	}
	if known {
		o.Kind, o.Tier = row.Title, string(row.Tier)
		return
	}
	o.Kind, o.Tier = "no kind: "+strings.ToLower(path.Ext(name)), "none"
	if types.AdmitAnywhere(name, "") != nil {
		o.Kind, o.Tier = "never: "+strings.ToLower(path.Ext(name)), "never"
	}
}

// scanned notes the scan's verdict.
func (o *outcome) scanned(found scan.ScanObjectResult) {
	if found.Verdict == verdict.Clean {
		return
	}
	o.Taken, o.Rule = false, found.Detail
	o.Sentence = sentence(o.Rule, "", "")
	if found.Verdict == verdict.Infected {
		o.Sentence = "The virus scanner found something in the file."
	}
}

// sentence says what a rule means to people, whichever policy it is of. A rule that
// several have means the same in each.
func sentence(rule, found, expected string) string {
	if slices.ContainsFunc(types.Reasons(), func(r types.Reason) bool { return string(r.Rule) == rule }) {
		return types.Rule(rule).Sentence(found, expected)
	}
	for _, r := range archives.Reasons() {
		if string(r.Rule) == rule {
			return r.What + " " + r.Next
		}
	}
	reason := ole.Rule(rule).Reason()
	return reason.What + " " + reason.Next
}

// unasked is the scanner where there is none: the members of containers are
// unpacked and judged all the same.
type unasked struct{}

// Scan reads everything, as a scanner does.
func (unasked) Scan(_ context.Context, r io.Reader, _ int64) (scan.Finding, error) {
	_, err := io.Copy(io.Discard, r)
	return scan.Finding{Verdict: verdict.Clean}, err
}

// Version names no engine.
func (unasked) Version(context.Context) (engine, database string, err error) {
	return "none", "none", nil
}

// asked is clamd as the scan knows it.
type asked struct{ *clamd.Client }

// Scan translates clamd's answers.
func (a asked) Scan(ctx context.Context, r io.Reader, size int64) (scan.Finding, error) {
	found, err := a.Client.Scan(ctx, r, size)
	if errors.Is(err, clamd.ErrTooLarge) {
		err = fmt.Errorf("%w: %w", scan.ErrTooLarge, err)
	}
	return scan.Finding{Verdict: found.Outcome, Signature: found.Signature}, err
}

// Version tells engine and signatures.
func (a asked) Version(ctx context.Context) (engine, database string, err error) {
	v, err := a.Client.Version(ctx)
	return v.Engine, v.Database, err
}

// preview makes the previews of a file that is taken. A fault is a state of its own, so
// that the table goes on.
func (j *judge) preview(ctx context.Context, folder string, o *outcome) error {
	f, err := os.Open(filepath.Join(folder, o.File))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	o.Preview, o.PreviewReason, err = preview.Local(ctx, j.tools, j.spool, f, path.Base(filepath.ToSlash(o.File)), o.MediaType)
	if err != nil && ctx.Err() == nil {
		o.Preview, o.PreviewReason, err = "fault", err.Error(), nil
	}
	return err
}
