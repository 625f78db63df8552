package inspect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"satchel/files"
	"satchel/internal/spool"
	"satchel/policies/archives"
	"satchel/policies/ole"
	"satchel/policies/pictures"
	"satchel/policies/previews"
	"satchel/policies/types"
	"satchel/policies/verdict"
)

// Content is the bytes of a file: pieces of it, and all of it in one reading.
type Content interface {
	io.ReaderAt
	Whole() (io.ReadCloser, error)
}

// Object is a file with what its uploader said about it.
type Object struct {
	Name, Claim string
	Size        int64
	Content     Content
}

// Judgment is the result of an inspection, and what people are told beside it.
type Judgment struct {
	Result InspectObjectResult
	Told   files.Inspection

	picture bool // whose previews are soon there, and waited for
}

// small says that an accepted version may be taken to its end at once: archives take a
// scan of each member, pictures wait for their previews, and what may run is never waved through.
func (j Judgment) small() bool {
	return j.Result.Verdict == verdict.Accepted && !j.Result.Archive && !j.picture && len(j.Told.Active) == 0
}

// Judge says what a file is and whether it may go on to the scanner. It is what
// InspectObject does, without a database: a refusal is a result, and an error is
// the content's or the spool's own.
func Judge(ctx context.Context, o Object, rules types.Rules, limits archives.Limits) (Judgment, error) {
	found, err := judgeContent(ctx, o, rules, limits)
	if err == nil && found.Result.Verdict == verdict.Accepted && rules.Narrows(found.Result.MimeType) {
		row, _ := types.ByMediaType(found.Result.MimeType)
		return refuse(types.Decision{Type: row, Rule: types.NotAllowedHere, Found: row.Title}), nil
	}
	return found, err
}

func judgeContent(ctx context.Context, o Object, rules types.Rules, limits archives.Limits) (Judgment, error) {
	head := make([]byte, min(o.Size, types.HeadSize))
	if _, err := o.Content.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return Judgment{}, fmt.Errorf("read the first bytes: %w", err)
	}
	decision := types.Decide(o.Name, o.Claim, head, rules)
	if !decision.Accepted() {
		return refuse(decision), nil
	}
	excessive, err := pictures.Excessive(o.Content, o.Size, decision.Type.MediaType)
	if err != nil {
		return Judgment{}, fmt.Errorf("read the header of a picture: %w", err)
	}
	if excessive {
		decision.Rule = types.TooManyPixels
		return refuse(decision), nil
	}
	switch decision.Type.Container {
	case types.Zip:
		return judgeZip(ctx, o, decision, rules, limits)
	case types.OLE, types.RTF, types.XML:
		return judgeOLE(ctx, o, decision, rules, limits)
	default:
		return accept(decision), nil
	}
}

// refuse makes a refusal of a decision.
func refuse(d types.Decision) Judgment {
	return Judgment{
		Result: InspectObjectResult{Verdict: verdict.Rejected, Rule: string(d.Rule), MimeType: d.Type.MediaType},
		Told:   files.Inspection{MimeType: d.Type.MediaType, Found: d.Found, Expected: d.Expected},
	}
}

// accept makes the way on of a decision.
func accept(d types.Decision) Judgment {
	var method previews.Method
	if row, known := previews.For(d.Type.MediaType); known {
		method = row.Method
	}
	return Judgment{
		Result: InspectObjectResult{Verdict: verdict.Accepted, MimeType: d.Type.MediaType, Preview: method, Archive: d.Type.Container == types.Zip},
		Told:   files.Inspection{MimeType: d.Type.MediaType, CorrectedFrom: d.From},
	}
}

// judgeZip opens a container and lets it say which document it is.
func judgeZip(ctx context.Context, o Object, d types.Decision, rules types.Rules, limits archives.Limits) (Judgment, error) {
	limits.Macros = rules.AllowMacros()
	limits.Refuses = types.NeverInside
	report, err := archives.Inspect(ctx, o.Content, o.Size, limits)
	if err != nil {
		return judge(d, err)
	}
	d = types.Contained(d, report.Document, report.Has, rules)
	if d.Rule == "" && report.Macros && !d.Type.Macros {
		d = types.Decision{Type: d.Type, Rule: types.MacroDocument}
	}
	if !d.Accepted() {
		return refuse(d), nil
	}
	out := accept(d)
	if report.Macros {
		out.Told.Active = []string{"macros"}
	}
	return out, nil
}

// judgeOLE reads an old Office document completely, from a copy on disk: its
// sectors lie anywhere.
func judgeOLE(ctx context.Context, o Object, d types.Decision, rules types.Rules, limits archives.Limits) (Judgment, error) {
	if o.Size > ole.MaxSize {
		return judge(d, &ole.Finding{Rule: ole.TooLarge})
	}
	file, err := copyLocally(o, limits)
	if err != nil {
		return Judgment{}, err
	}
	defer func() { _ = file.Close() }()
	document := d.Type.MediaType
	switch whole := io.NewSectionReader(file, 0, o.Size); d.Type.Container {
	case types.RTF:
		err = ole.InspectRTF(whole)
	case types.XML:
		err = ole.InspectXML(whole)
	default:
		document, err = ole.Inspect(file, o.Size, ole.Embedded{Harmless: types.HarmlessInside, Zip: func(content []byte) error {
			limits.Refuses = types.NeverInside
			_, err := archives.Inspect(ctx, bytes.NewReader(content), int64(len(content)), limits)
			return err
		}})
	}
	if err != nil {
		return judge(d, err)
	}
	d = types.Contained(d, document, func(string) bool { return false }, rules)
	if !d.Accepted() {
		return refuse(d), nil
	}
	return accept(d), nil
}

// copyLocally copies the object into the spool of this process.
func copyLocally(o Object, limits archives.Limits) (*spool.File, error) {
	f, err := limits.TempFile()
	if err != nil {
		return nil, err
	}
	body, err := o.Content.Whole()
	if err == nil {
		_, err = io.Copy(f, body)
		_ = body.Close()
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("copy the object: %w", err)
	}
	return f, nil
}

// judge turns a finding into a verdict; any other error is the store's.
func judge(d types.Decision, err error) (Judgment, error) {
	var archive *archives.Finding
	var document *ole.Finding
	out := Judgment{Result: InspectObjectResult{MimeType: d.Type.MediaType}, Told: files.Inspection{MimeType: d.Type.MediaType}}
	switch {
	case errors.As(err, &archive):
		out.Result.Rule, out.Result.Verdict = string(archive.Rule), archive.Class()
	case errors.As(err, &document):
		out.Result.Rule, out.Result.Verdict = string(document.Rule), document.Class()
	default:
		return Judgment{}, err
	}
	return out, nil
}
