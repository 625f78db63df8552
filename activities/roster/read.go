package roster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"satchel/internal/fault"
	"satchel/policies/verdict"
	"satchel/rosters"
	"satchel/rosters/oneroster"
)

// errDiffers refuses a package that is not the one that was received.
var errDiffers = fault.New(fault.Conflict, "stored_bytes_differ", "The stored package is not the one that was received. Send it again.")

// The reasons for which a package is not read.
var (
	infected    = rosters.StopReason{Code: "infected", Text: "The virus scanner found something in the package, so it was not read. Scan the computer that made it, export the roster again and send it."}
	unscannable = rosters.StopReason{Code: "unscannable", Text: "The package cannot be scanned whole, so it was not read. Export the roster again as a plain zip of CSV files, without a password."}
	rejected    = rosters.StopReason{Code: "rejected", Text: "The package is no complete zip, or holds a file that no roster has, such as a program. Export the roster again and send a zip that holds the CSV files and nothing else."}
)

// read copies the package beside the worker, so that the bytes that are scanned are
// those that are read.
func (a *Activities) read(ctx context.Context, in ReadRosterInput, i rosters.Import) (ReadRosterResult, error) {
	file, err := a.Spool.File()
	if err != nil {
		return ReadRosterResult{}, err
	}
	defer func() { _ = file.Close() }()
	if err := a.fetch(ctx, in, i, file); err != nil {
		return ReadRosterResult{}, err
	}
	found, err := a.Scanner.ScanPackage(ctx, file, i.Size)
	if err != nil {
		return ReadRosterResult{}, fmt.Errorf("scan roster: %w", err)
	}
	switch found {
	case verdict.Clean:
		return a.stage(ctx, in, i, file)
	case verdict.Infected:
		return a.stop(ctx, in, nil, infected)
	case verdict.Rejected:
		return a.stop(ctx, in, nil, rejected)
	case verdict.Unscannable:
		return a.stop(ctx, in, nil, unscannable)
	case verdict.None, verdict.Accepted:
	}
	return ReadRosterResult{}, fmt.Errorf("the scan says %q of the roster", found)
}

// fetch writes the stored package into a file and compares its SHA-256.
func (a *Activities) fetch(ctx context.Context, in ReadRosterInput, i rosters.Import, to io.Writer) error {
	body, err := a.Packages.Open(ctx, rosters.Key(in.Org, in.Import), i.ETag, 0, -1)
	if err != nil {
		return fmt.Errorf("open roster: %w", err)
	}
	defer func() { _ = body.Close() }()
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, hash), io.LimitReader(body, i.Size+1))
	if err != nil {
		return fmt.Errorf("read roster: %w", err)
	}
	if n != i.Size || hex.EncodeToString(hash.Sum(nil)) != i.SHA256 {
		return errDiffers
	}
	return nil
}

// stage stages the rows of a clean package.
func (a *Activities) stage(ctx context.Context, in ReadRosterInput, i rosters.Import, content io.ReaderAt) (ReadRosterResult, error) {
	var options []oneroster.Option
	if i.Windows1252 {
		options = append(options, oneroster.Windows1252())
	}
	p, err := oneroster.Open(content, i.Size, oneroster.DefaultLimits, options...)
	if err == nil {
		stager := rosters.Stager{DB: a.DB, Hasher: a.Hasher, Limits: rosters.DefaultLimits}
		err = stager.Stage(ctx, in.Org, i, p)
	}
	var stopped *oneroster.Stop
	if errors.As(err, &stopped) {
		return a.stop(ctx, in, p, rosters.ReasonOf(stopped))
	}
	return ReadRosterResult{}, err
}
