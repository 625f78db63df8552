package pii

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"satchel/internal/segments"
	"satchel/internal/spool"
	"satchel/personal"
	"satchel/policies/pii"
	"satchel/policies/previews"
)

// job is the inspection of one file whose bytes are in a folder of the spool.
type job struct {
	tools     Tools
	folder    spool.Folder
	path      string
	mediaType string
	detector  *pii.Detector
	result    personal.Result
}

// mostScans is how many pages of pictures are read by recognition, which takes seconds each.
const mostScans = 20

// run reads the file by the way of its kind. Its name is read too: "Ann Smith, report.pdf"
// says what it says before it is opened.
func (j job) run(ctx context.Context, name string) (personal.Result, error) {
	if err := j.take(ctx, segments.Place{Part: segments.Name}, strings.NewReader(name)); err != nil {
		return personal.Result{}, err
	}
	err := j.read(ctx)
	var about *segments.Unread
	if errors.As(err, &about) {
		j.unread(about.Reason)
		err = nil
	}
	slices.Sort(j.result.Unread)
	return j.result, err
}

func (j *job) unread(reason string) {
	if !slices.Contains(j.result.Unread, reason) {
		j.result.Unread = append(j.result.Unread, reason)
	}
}

func (j *job) dir(name string) (string, error) {
	path := j.folder.Path(name)
	if err := os.Mkdir(path, 0o700); err != nil {
		return "", spool.Failed("make output folder", err)
	}
	return path, nil
}

func (j *job) read(ctx context.Context) error {
	path, mediaType := j.path, j.mediaType
	if old(mediaType) {
		work, err := j.dir("office")
		if err != nil {
			return err
		}
		if path, err = j.tools.Convert(ctx, path, work); err != nil {
			return err
		}
		mediaType = "application/pdf"
	}
	work, err := j.dir("texts")
	if err != nil {
		return err
	}
	left, err := j.tools.Read(ctx, path, mediaType, work, func(at segments.Place, text io.Reader) error { return j.take(ctx, at, text) })
	if errors.Is(err, segments.ErrFrames) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &segments.Unread{Reason: "crashed", Detail: "the child wrote no segments"} // a file took it over
	}
	if err != nil {
		return err
	}
	for _, u := range left {
		if u.Member == "" && (u.Reason == segments.Picture || u.Reason == segments.PicturePage) {
			if err := j.recognize(ctx, path, u.Reason); err != nil {
				return err
			}
			continue
		}
		j.unread(u.Reason)
	}
	return nil
}

// old says that a document is in a format that LibreOffice alone reads here.
func old(mediaType string) bool {
	row, known := previews.For(mediaType)
	_, _, xml := segments.FormatOf(mediaType)
	return known && row.Method == previews.Office && !xml
}

// recognize reads the letters of a picture, or of the pages of a PDF that are pictures.
func (j *job) recognize(ctx context.Context, path, reason string) error {
	pictures := []string{path}
	if reason == segments.PicturePage {
		work, err := j.dir("pages")
		if err != nil {
			return err
		}
		if pictures, err = j.tools.Pages(ctx, path, work); err != nil {
			return err
		}
		if len(pictures) > mostScans {
			pictures = pictures[:mostScans]
			j.unread(segments.TooMany)
		}
	}
	for i, picture := range pictures {
		work, err := j.dir(fmt.Sprintf("letters-%d", i))
		if err != nil {
			return err
		}
		text, err := j.tools.Letters(ctx, picture, work)
		if err != nil {
			return err
		}
		if err := j.take(ctx, segments.Place{Part: segments.Picture, Number: i + 1}, strings.NewReader(text)); err != nil {
			return err
		}
	}
	return nil
}

// take gives a text to the detectors.
func (j *job) take(ctx context.Context, at segments.Place, text io.Reader) error {
	if at.Part == segments.Location {
		value, err := io.ReadAll(io.LimitReader(text, 100))
		j.keep(at, []pii.Finding{j.detector.Noted(pii.Location, string(value), "noted by the camera")}, nil)
		return err
	}
	var rows []byte
	if at.Part == segments.Sheet { // held, to tell the cell of a place
		var err error
		if rows, err = io.ReadAll(text); err != nil {
			return err
		}
		text = bytes.NewReader(rows)
	}
	found, err := j.detector.Scan(ctx, text)
	if err != nil {
		return err
	}
	for _, reason := range found.Uninspectable {
		j.unread(reason)
	}
	for _, c := range found.Capped {
		j.capped(c)
	}
	j.keep(at, found.Findings, rows)
	return nil
}

func (j *job) capped(c pii.Category) {
	if !slices.Contains(j.result.Capped, string(c)) {
		j.result.Capped = append(j.result.Capped, string(c))
	}
}

func (j *job) keep(at segments.Place, found []pii.Finding, rows []byte) {
	for _, f := range found {
		if len(j.result.Findings) >= personal.MostFindings {
			j.capped(f.Category)
			continue
		}
		place := personal.Place{Part: at.Part, Number: at.Number, Member: at.Member, Line: f.Line}
		if rows != nil {
			place.Cell = cell(rows, f.Start, f.Line)
		}
		j.result.Findings = append(j.result.Findings, personal.Finding{Finding: f, Place: place})
	}
}

// cell names the cell of a place in rows with tabs between cells.
func cell(rows []byte, at int64, line int) string {
	before := rows[:min(at, int64(len(rows)))]
	column := bytes.Count(before[bytes.LastIndexByte(before, '\n')+1:], []byte("\t")) + 1
	var letters []byte
	for ; column > 0; column = (column - 1) / 26 {
		letters = append(letters, byte('A'+(column-1)%26))
	}
	if len(letters) > 3 {
		return ""
	}
	slices.Reverse(letters)
	return fmt.Sprintf("%s%d", letters, line)
}
