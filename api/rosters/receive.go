package rosters

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/internal/fault"
	"satchel/internal/spool"
	"satchel/rosters"
	"satchel/rosters/oneroster"
	"satchel/tenancy"
	keys "satchel/tenancy/idempotency"
)

// formSlack is what a form may hold beside the package.
const formSlack = 64 << 10

var (
	errTooLarge = fault.New(fault.TooLarge, "roster_too_large", "The package is larger than %d MiB, which is the most of one roster. Split it by school, or leave out files that are no part of a roster.", oneroster.DefaultLimits.Bytes>>20)
	errEmpty    = fault.New(fault.Invalid, "roster_missing", "The request has no package. Send the zip as the body, with Content-Type: application/zip, or as a form's part named file.")
	errMedia    = fault.New(fault.Invalid, "unsupported_media_type", "Send the zip as the body, with Content-Type: application/zip, or as multipart/form-data in a part named file.")
	errBroken   = fault.New(fault.Invalid, "body_broken", "The package did not come whole. Send it again.")
)

// wanted is how the package is to be imported.
type wanted struct {
	source      uuid.UUID
	review      bool
	windows1252 bool
}

func wants(c *gin.Context) (w wanted, err error) {
	if w.source, err = uuid.Parse(c.Query("source_id")); err != nil {
		return w, request.Invalid("source_id", "source_id is the id of one of the organization's roster sources.")
	}
	if text := c.Query("review"); text != "" {
		if w.review, err = strconv.ParseBool(text); err != nil {
			return w, request.Invalid("review", "review is true or false.")
		}
	}
	switch c.Query("encoding") {
	case "", utf8:
	case windows1252:
		w.windows1252 = true
	default:
		return w, request.Invalid("encoding", "encoding is %s or %s.", utf8, windows1252)
	}
	return w, nil
}

// Receive takes a package and begins its import.
func (r *Rosters) Receive(c *gin.Context) error {
	org, err := r.organization(c)
	if err != nil {
		return err
	}
	w, err := wants(c)
	if err != nil {
		return err
	}
	if err := r.mayBegin(c, org, w.source); err != nil {
		return err
	}
	body, err := packageOf(c.Request)
	if err != nil {
		return err
	}
	file, err := spool.Nameless(r.SpoolDir)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	by := request.Caller(c).User
	p := rosters.Package{Import: request.NewID(c), Source: w.source, Windows1252: w.windows1252, Review: w.review, By: &by}
	if p.Size, p.SHA256, err = keep(file, body); err != nil {
		return err
	}
	if err := r.begin(c.Request.Context(), org, p, file); err != nil {
		return err
	}
	return r.answerReceived(c, org, p.Import)
}

// mayBegin refuses before the bytes come what would be refused behind them.
func (r *Rosters) mayBegin(c *gin.Context, org tenancy.OrgID, source uuid.UUID) error {
	ctx, q := c.Request.Context(), r.DB.Single(org)
	if _, err := rosters.GetSource(ctx, q, source); err != nil {
		return err
	}
	open, err := rosters.OpenImport(ctx, q, source)
	if err != nil {
		return err
	}
	if open != uuid.Nil {
		return rosters.ErrImportOpen
	}
	return nil
}

// packageOf finds the bytes of the package in a request.
func packageOf(r *http.Request) (io.Reader, error) {
	most := oneroster.DefaultLimits.Bytes
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return nil, errMedia.Because(err)
	case media == "application/zip" || media == "application/x-zip-compressed" || media == "application/octet-stream":
		if r.ContentLength > most {
			return nil, errTooLarge
		}
		return r.Body, nil
	case media != "multipart/form-data":
		return nil, errMedia
	case r.ContentLength > most+formSlack:
		return nil, errTooLarge
	}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, errMedia.Because(err)
	}
	return filePart(form)
}

// maxParts bounds the parts of a form before the package.
const maxParts = 16

func filePart(form *multipart.Reader) (io.Reader, error) {
	for range maxParts {
		part, err := form.NextRawPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil, errEmpty
		case err != nil:
			return nil, errBroken.Because(err)
		case part.FormName() == "file":
			return part, nil
		}
	}
	return nil, errEmpty
}

// keep writes the package into a file and gives its size and SHA-256.
func keep(file *os.File, body io.Reader) (int64, string, error) {
	most, hash := oneroster.DefaultLimits.Bytes, sha256.New()
	source := &failing{Reader: io.LimitReader(body, most+1)}
	n, err := io.Copy(io.MultiWriter(file, hash), source)
	switch {
	case source.err != nil:
		return n, "", errBroken.Because(source.err)
	case err != nil:
		return n, "", spool.Failed("keep roster", err)
	case n > most:
		return n, "", errTooLarge
	case n == 0:
		return n, "", errEmpty
	}
	return n, hex.EncodeToString(hash.Sum(nil)), nil
}

// failing remembers the reader's own failure: a client that went is not a full disk.
type failing struct {
	io.Reader
	err error
}

func (f *failing) Read(b []byte) (int, error) {
	n, err := f.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

// begin stores the package and makes the import. An object whose import is refused is
// removed; one that a crash leaves has no row, and the reconciler removes it.
func (r *Rosters) begin(ctx context.Context, org tenancy.OrgID, p rosters.Package, file *os.File) (err error) {
	key := rosters.Key(org, p.Import)
	body := io.NewSectionReader(file, 0, p.Size)
	if p.ETag, err = r.Packages.Put(ctx, key, body, p.Size, "application/zip"); err != nil {
		return fmt.Errorf("store roster: %w", err)
	}
	err = r.Workflows.ImportRoster(ctx, org, p)
	if kind := fault.KindOf(err); err != nil && (kind == fault.Conflict || kind == fault.NotFound) {
		_ = r.Packages.Remove(context.WithoutCancel(ctx), key)
	}
	return err
}

// answerReceived answers that an import has begun.
func (r *Rosters) answerReceived(c *gin.Context, org tenancy.OrgID, id uuid.UUID) error {
	i, err := rosters.Get(c.Request.Context(), r.DB.Single(org), id)
	if err != nil {
		return err
	}
	c.Header("Location", "/api/v1/organizations/"+org.String()+"/roster/imports/"+id.String())
	c.JSON(http.StatusAccepted, showImport(i))
	return nil
}

// ReplayReceive answers with the import that the first try began. The bytes are read
// and thrown away: most clients hear nothing before they have sent all.
func (r *Rosters) ReplayReceive(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org, err := r.organization(c)
	if err != nil {
		return idempotency.NotCreated, err
	}
	w, err := wants(c)
	if err != nil {
		return idempotency.NotCreated, err
	}
	i, err := rosters.Get(c.Request.Context(), r.DB.Single(org), e.ID)
	if found, err := idempotency.OutcomeOf(err, rosters.ErrNoImport); err != nil || found != idempotency.Created {
		return found, err
	}
	if i.Source != w.source {
		return idempotency.NotCreated, keys.ErrReused
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(c.Request.Body, oneroster.DefaultLimits.Bytes+formSlack)); err != nil {
		return idempotency.Created, errBroken.Because(err)
	}
	return idempotency.Created, r.answerReceived(c, org, e.ID)
}
