package read

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/klippa-app/go-pdfium"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"satchel/internal/segments"
)

// PDF is PDFium, compiled from WebAssembly: what a hostile document does to it stays in its
// own memory.
type PDF struct{ instance pdfium.Pdfium }

// memoryPages bounds that memory to 112 MiB, in pages of 64 KiB.
const memoryPages = 112 << 20 >> 16

// Prepare compiles PDFium, or takes it from a folder where it lies compiled: that takes
// seconds, and the other some hundredths.
func Prepare(ctx context.Context, cache string) (*PDF, error) {
	config := wazero.NewRuntimeConfigCompiler().WithMemoryLimitPages(memoryPages).
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling)
	if cache != "" {
		compiled, err := wazero.NewCompilationCacheWithDir(cache)
		if err != nil {
			return nil, fmt.Errorf("open the folder of compiled programs: %w", err)
		}
		config = config.WithCompilationCache(compiled)
	}
	pool, err := webassembly.Init(webassembly.Config{
		Context: ctx, MinIdle: 1, MaxIdle: 1, MaxTotal: 1, RuntimeConfig: config, FSConfig: wazero.NewFSConfig(), // no files
		Stdout: io.Discard, Stderr: io.Discard,
	})
	if err != nil {
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	instance, err := pool.GetInstance(10 * time.Second)
	if err != nil {
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	return &PDF{instance}, nil
}

// pdf gives each page's text, the fields of its form, its annotations, what the writing
// program noted, and reads what is attached.
func (r *reading) pdf(at string, depth int, source io.ReadSeeker, size int64) (err error) {
	if r.pages == nil {
		return &segments.Unread{Reason: segments.NoText, Detail: "a PDF, and PDFium was not started"}
	}
	p := r.pages.instance
	opened, err := p.OpenDocument(&requests.OpenDocument{FileReader: source, FileReaderSize: size})
	switch {
	case errors.Is(err, pdfiumerrors.ErrPassword), errors.Is(err, pdfiumerrors.ErrSecurity):
		return &segments.Unread{Reason: segments.Protected, Detail: err.Error()}
	case err != nil:
		return &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()}
	}
	defer func() { _, _ = p.FPDF_CloseDocument(&requests.FPDF_CloseDocument{Document: opened.Document}) }()
	count, err := p.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: opened.Document})
	if err != nil {
		return &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()}
	}
	form, err := p.FPDF_GetFormType(&requests.FPDF_GetFormType{Document: opened.Document})
	hasForm := err == nil && form.FormType != 0
	for i := range count.PageCount {
		if i >= mostPages {
			r.unread(at, &segments.Unread{Reason: segments.TooMany, Detail: "pages"})
			break
		}
		if err := r.page(at, opened.Document, i, hasForm); err != nil {
			return err
		}
	}
	if count.PageCount == 0 {
		r.unread(at, &segments.Unread{Reason: segments.Unreadable, Detail: "no pages"})
	}
	if err := r.noted(at, opened.Document); err != nil {
		return err
	}
	return r.attached(at, depth, opened.Document)
}

func (r *reading) page(at string, document references.FPDF_DOCUMENT, index int, hasForm bool) error {
	p := r.pages.instance
	page := requests.Page{ByIndex: &requests.PageByIndex{Document: document, Index: index}}
	text, err := p.GetPageText(&requests.GetPageText{Page: page})
	if err != nil {
		r.unread(at, &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()})
		return nil
	}
	if strings.TrimSpace(text.Text) == "" {
		objects, err := p.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: page})
		if err != nil || objects.Count > 0 {
			r.unread(at, &segments.Unread{Reason: segments.PicturePage})
		}
	}
	if err := segments.Write(r.to, segments.Place{Member: at, Part: segments.Page, Number: index + 1}, text.Text); err != nil {
		return err
	}
	if err := r.notes(at, page, index); err != nil {
		return err
	}
	if hasForm {
		return r.fields(at, page, index)
	}
	return nil
}

// notes are the words of annotations.
func (r *reading) notes(at string, page requests.Page, index int) error {
	const most = 5000
	p := r.pages.instance
	count, err := p.FPDFPage_GetAnnotCount(&requests.FPDFPage_GetAnnotCount{Page: page})
	if err != nil {
		return nil //nolint:nilerr // a page without the list has none
	}
	for i := range min(count.Count, most) {
		note, err := p.FPDFPage_GetAnnot(&requests.FPDFPage_GetAnnot{Page: page, Index: i})
		if err != nil {
			continue
		}
		for _, key := range []string{"Contents", "RC", "Subj", "V"} {
			value, err := p.FPDFAnnot_GetStringValue(&requests.FPDFAnnot_GetStringValue{Annotation: note.Annotation, Key: key})
			if err != nil || value.Value == "" {
				continue
			}
			if err := segments.Write(r.to, segments.Place{Member: at, Part: segments.Note, Number: index + 1}, value.Value); err != nil {
				return err
			}
		}
		_, _ = p.FPDFPage_CloseAnnot(&requests.FPDFPage_CloseAnnot{Annotation: note.Annotation})
	}
	if count.Count > most {
		r.unread(at, &segments.Unread{Reason: segments.TooMany, Detail: "annotations"})
	}
	return nil
}

// fields are what a form holds, each behind its name.
func (r *reading) fields(at string, page requests.Page, index int) error {
	form, err := r.pages.instance.GetForm(&requests.GetForm{Page: page})
	if err != nil {
		r.unread(at, &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()})
		return nil
	}
	for _, field := range form.Fields {
		values := field.Values
		if field.Value != nil {
			values = append(values, *field.Value)
		}
		if text := strings.Join(values, ", "); text != "" {
			label := field.Name
			if field.ToolTip != "" {
				label = field.ToolTip
			}
			if err := segments.Write(r.to, segments.Place{Member: at, Part: segments.Field, Number: index + 1}, label+": "+text); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reading) noted(at string, document references.FPDF_DOCUMENT) error {
	meta, err := r.pages.instance.GetMetaData(&requests.GetMetaData{Document: document, Tags: &[]string{"Title", "Author", "Subject", "Keywords"}})
	if err != nil {
		return nil //nolint:nilerr // a document without the list has none
	}
	var words strings.Builder
	for _, tag := range meta.Tags {
		if tag.Value != "" {
			fmt.Fprintf(&words, "%s: %s\n", tag.Tag, tag.Value)
		}
	}
	return segments.Write(r.to, segments.Place{Member: at, Part: segments.Properties}, words.String())
}

func (r *reading) attached(at string, depth int, document references.FPDF_DOCUMENT) error {
	found, err := r.pages.instance.GetAttachments(&requests.GetAttachments{Document: document})
	if err != nil {
		r.unread(at, &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()})
		return nil
	}
	for i, a := range found.Attachments {
		if err := r.member(at, i+1, depth, a.Content); err != nil {
			return err
		}
	}
	return nil
}
