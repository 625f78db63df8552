package export

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/disclosure"
	"satchel/tenancy"
	"satchel/tenancy/exports"
)

// errDiffers ends an export: bytes that are not those that were scanned do not
// leave, not even in an archive.
var errDiffers = fault.New(fault.Conflict, "content_differs", "Stored bytes are not the ones that were received. A reconciliation that compares contents names them.")

// errShort asks for another attempt.
var errShort = fault.New(fault.Unavailable, "content_short", "The store ended the bytes of a version before their end.")

const pageSize = 200

// fileWriter fills one part with the bytes of versions.
type fileWriter struct {
	*Activities
	ctx     context.Context //nolint:containedctx // lives for one part
	org     tenancy.OrgID
	q       tenancy.Queries
	archive *archive
	part    *exports.Part
	list    func(ctx context.Context, q tenancy.Queries, after uuid.UUID, n int64) ([]files.LiveObject, error)
}

// all adds versions until the part is full or none are left. A version that
// does not fit opens the next part; a version larger than a part has its own.
func (w *fileWriter) all() error {
	for {
		page, err := w.list(w.ctx, w.q, w.part.Last, pageSize)
		if err != nil {
			return fmt.Errorf("list versions: %w", err)
		}
		for _, v := range page {
			if w.full(v.Size) {
				return nil
			}
			if err := w.version(v); err != nil {
				return err
			}
			w.part.Last = v.ID
		}
		if len(page) < pageSize {
			w.part.End = true
			return nil
		}
	}
}

func (w *fileWriter) full(next int64) bool {
	return w.part.Files > 0 && (w.archive.bytes+next > w.config.PartBytes || len(w.archive.manifest) >= w.config.PartEntries)
}

func (w *fileWriter) version(v files.LiveObject) error {
	name := Entry(v)
	switch err := mayLeave(w.ctx, w.q, disclosure.Target{File: v.FileID}); {
	case errors.Is(err, disclosure.ErrRefused):
		return w.gone(v, name, disclosure.ErrRefused.Code)
	case err != nil:
		return err
	}
	body, err := w.open(v)
	if kind := fault.KindOf(err); err != nil && (kind == fault.NotFound || kind == fault.Conflict) {
		return w.gone(v, name, fault.Of(err).Code)
	}
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	entry, err := w.archive.add(name, zip.Store, *v.PublishedAt, func(to io.Writer) error {
		_, err := io.Copy(to, body)
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("copy version: %w", err)
	case entry.Size != v.Size:
		return errShort
	case entry.SHA256 != v.Sha256:
		return errDiffers
	}
	w.part.Files++
	return nil
}

func (w *fileWriter) open(v files.LiveObject) (io.ReadCloser, error) {
	if v.Size == 0 {
		return io.NopCloser(strings.NewReader("")), nil
	}
	return w.content.Open(w.ctx, files.ContentKey(w.org, v.ID), v.ObjectEtag, 0, v.Size)
}

// gone omits a file that was deleted after the list was read. A missing object, or a file
// that may not leave, is
// named in the manifest instead of failing the export: one lost object must not
// keep an organization from its other files.
func (w *fileWriter) gone(v files.LiveObject, name, problem string) error {
	now, err := files.GetVersion(w.ctx, w.q, v.ID)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return nil
	case err != nil:
		return err
	case now.Status != files.Published || now.TrashedAt != nil:
		return nil
	}
	w.archive.addMissing(name, v.Size, problem)
	w.part.Missing++
	return nil
}

// Entry is where a version lies in the archive. The two ids before the name make
// it unique, so the name may be changed into one that every system can keep.
func Entry(v files.LiveObject) string {
	return fmt.Sprintf("files/%s/%d/%s", v.FileID, v.Number, safeName(v.Name))
}

const (
	reservedCharacters = `/\:*?"<>|` // on one system or another
	maxName            = 200         // bytes, with room for the folders before it
	maxExtension       = 20
	replacement        = '_'
)

// devices are names that Windows keeps for itself, whatever their ending.
var devices = []string{"con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
	"lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9"}

// safeName is a name that any system can unpack and none takes for a path.
func safeName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || strings.ContainsRune(reservedCharacters, r) || !unicode.IsPrint(r) && !unicode.Is(unicode.Cf, r) {
			return replacement
		}
		return r
	}, strings.ToValidUTF8(name, string(replacement)))
	name = shorten(strings.TrimRight(strings.TrimSpace(name), ". "))
	stem, _, _ := strings.Cut(name, ".")
	for _, d := range devices {
		if strings.EqualFold(strings.TrimSpace(stem), d) {
			return string(replacement) + name
		}
	}
	if name == "" {
		return string(replacement)
	}
	return name
}

// shorten keeps the ending, by which people and programs tell what it is.
func shorten(name string) string {
	if len(name) <= maxName {
		return name
	}
	ending := ""
	if i := strings.LastIndexByte(name, '.'); i > 0 && len(name)-i <= maxExtension {
		name, ending = name[:i], name[i:]
	}
	cut := maxName - len(ending)
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return strings.TrimRight(name[:cut], ". ") + ending
}
