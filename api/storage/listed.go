package storage

import (
	"context"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/tenancy"
)

// ListedView is a file as lists show it. What is empty is left out, and what only the
// page of one file shows comes where it is asked for.
type ListedView struct {
	ID           uuid.UUID    `json:"id"`
	Name         string       `json:"name"`
	Size         int64        `json:"size"`
	MimeType     string       `json:"mime_type"`
	Tags         []string     `json:"tags,omitempty"`
	Status       files.Status `json:"status"`
	StatusReason string       `json:"status_reason,omitempty"`
	StatusText   string       `json:"status_text,omitempty"`
	Version      int32        `json:"version"`
	Preview      string       `json:"preview,omitempty"`
	Thumbnail    string       `json:"thumbnail,omitempty"`
	Space        uuid.UUID    `json:"space_id"`
	Folder       *uuid.UUID   `json:"folder_id,omitempty"`
	Subject      *uuid.UUID   `json:"subject_id,omitempty"`
	StaffOnly    bool         `json:"staff_only,omitempty"`
	HandedInAt   *time.Time   `json:"handed_in_at,omitempty"`
	CreatedAt    time.Time    `json:"created_at"`
	UpdatedAt    time.Time    `json:"updated_at"`
	Latest       *LatestView  `json:"latest,omitempty"`

	*DetailsView
	Scan       any              `json:"scan,omitempty"` // a *ScanView, null where nothing was scanned
	Renditions *[]RenditionView `json:"renditions,omitempty"`
	Steps      *[]StepView      `json:"steps,omitempty"`
}

// DetailsView is the rest of a file's own fields, by include=details.
type DetailsView struct {
	Category          string         `json:"category"`
	Description       string         `json:"description"`
	ChangeDescription string         `json:"change_description"`
	SHA256            string         `json:"sha256"`
	Corrected         *CorrectedView `json:"corrected,omitempty"`
	ActiveContent     []string       `json:"active_content"`
	VirusScanned      bool           `json:"virus_scanned"`
	ContainsPII       *bool          `json:"contains_pii"`
	PreviewReason     string         `json:"preview_reason"`
	Width             *int32         `json:"width,omitempty"`
	Height            *int32         `json:"height,omitempty"`
	Pages             *int32         `json:"pages,omitempty"`
	Duration          float64        `json:"duration,omitempty"`
	UploadedBy        uuid.UUID      `json:"uploaded_by"`
	PublishedAt       *time.Time     `json:"published_at"`
	PublishedVersion  *int32         `json:"published_version"`
}

// included says what a list shows besides.
type included struct{ details, scan, renditions, steps bool }

var errInclude = fault.New(fault.Invalid, "unknown_include", "include is a list of details, scan, renditions and steps, with commas between.")

func readInclude(c *gin.Context) (in included, err error) {
	text := c.Query("include")
	if text == "" {
		return in, nil
	}
	for name := range strings.SplitSeq(text, ",") {
		switch name {
		case "details":
			in.details = true
		case "scan":
			in.scan = true
		case "renditions":
			in.renditions = true
		case "steps":
			in.steps = true
		default:
			return in, errInclude
		}
	}
	return in, nil
}

// list shows rows. What is included is read for all of them at once, and a file that was
// taken away in between is left out.
func (r *Storage) list(ctx context.Context, q tenancy.Queries, rows []files.Listed, in included) ([]ListedView, error) {
	var whole map[uuid.UUID]files.View
	if in != (included{}) && len(rows) > 0 {
		ids := make([]uuid.UUID, len(rows))
		for i, l := range rows {
			ids[i] = l.FileID
		}
		var err error
		if whole, err = files.ByIDs(ctx, q, ids); err != nil {
			return nil, err
		}
	}
	shown := make([]ListedView, 0, len(rows))
	for _, l := range rows {
		v, err := showListed(l)
		if err != nil {
			return nil, err
		}
		if whole != nil {
			full, found := whole[l.FileID]
			if !found {
				continue
			}
			f, err := r.show(full)
			if err != nil {
				return nil, err
			}
			v.add(f, in)
		}
		shown = append(shown, v)
	}
	return shown, nil
}

func showListed(l files.Listed) (ListedView, error) {
	v := ListedView{
		ID: l.FileID, Name: l.Name, Size: l.Size, MimeType: l.MimeType, Tags: l.Tags, Status: l.Effective(), StatusReason: l.StatusReason,
		StatusText: reasonText(l.Effective(), l.StatusReason, l.FoundKind, l.ExpectedKind), Version: l.Number, Preview: l.Preview, Space: l.SpaceID, Folder: l.FolderID,
		Subject: l.SubjectID, StaffOnly: l.Needs > 1, HandedInAt: request.UTC(l.HandedInAt), CreatedAt: l.CreatedAt.UTC(), UpdatedAt: l.UpdatedAt.UTC(),
	}
	if v.Status == files.Published { // the pictures of another one may not be read
		v.Thumbnail = l.Thumbnail
	}
	newer, err := l.Newer()
	if newer != nil {
		v.Latest = &LatestView{Version: newer.Number, Status: newer.Status, StatusReason: newer.StatusReason, StatusText: reasonText(newer.Status, newer.StatusReason, "", "")}
	}
	return v, err
}

// add adds what was asked for.
func (v *ListedView) add(f FileView, in included) {
	if in.details {
		v.DetailsView = &DetailsView{
			Category: f.Category, Description: f.Description, ChangeDescription: f.ChangeDescription, SHA256: f.SHA256, Corrected: f.Corrected, ActiveContent: f.ActiveContent,
			VirusScanned: f.VirusScanned, ContainsPII: f.ContainsPII, PreviewReason: f.PreviewReason, Width: f.Width, Height: f.Height, Pages: f.Pages, Duration: f.Duration,
			UploadedBy: f.UploadedBy, PublishedAt: f.PublishedAt, PublishedVersion: f.PublishedVersion,
		}
	}
	if in.scan {
		v.Scan = f.Scan
	}
	if in.renditions {
		v.Renditions = &f.Renditions
	}
	if in.steps {
		v.Steps = &f.Steps
	}
}
