package files

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"satchel/files/filesdb"
	"satchel/internal/fault"
	"satchel/tenancy"
)

const (
	maxTag  = 50 // characters
	maxTags = 50 // of a file
)

// What a caller who tags can meet.
var (
	ErrTag         = fault.New(fault.Invalid, "invalid_tag", "A tag is 1 to %d characters of text, without line breaks.", maxTag)
	ErrTooManyTags = fault.New(fault.Conflict, "too_many_tags", "A file has at most %d tags. Remove some first.", maxTags)
)

// CleanTag gives a tag as it is kept: NFC, with single spaces and none at its ends.
func CleanTag(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", ErrTag
	}
	tag := strings.Join(strings.Fields(norm.NFC.String(text)), " ")
	if tag == "" || utf8.RuneCountInString(tag) > maxTag || strings.ContainsFunc(tag, unicode.IsControl) {
		return "", ErrTag
	}
	return tag, nil
}

// Tag adds tags to a file and takes others from it. Tags are clean, and two that differ in
// case alone are one. Doing it again changes nothing.
func Tag(ctx context.Context, tx *tenancy.Tx, file, by uuid.UUID, add, remove []string) error {
	q := filesdb.New(tx)
	f, err := q.FileLock(ctx, file)
	if err != nil {
		return orNotFound(err)
	}
	if f.TrashedAt != nil {
		return ErrInTrash
	}
	gone, err := q.TagDelete(ctx, filesdb.TagDeleteParams{FileID: file, Tags: remove})
	if err != nil {
		return fmt.Errorf("remove tags: %w", err)
	}
	made, err := q.TagInsert(ctx, filesdb.TagInsertParams{FileID: file, Tags: add, AddedBy: by})
	if err != nil {
		return fmt.Errorf("add tags: %w", err)
	}
	present, err := q.TagCount(ctx, file)
	switch {
	case err != nil:
		return fmt.Errorf("count tags: %w", err)
	case present > maxTags:
		return ErrTooManyTags
	case gone+made == 0:
		return nil
	}
	return record(ctx, tx, "file.tag", file, "")
}
