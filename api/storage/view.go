package storage

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/files"
	"satchel/policies/verdict"
)

// FileView is a file as the contract shows it.
type FileView struct {
	ID                uuid.UUID       `json:"id"`
	Name              string          `json:"name"`
	Size              int64           `json:"size"`
	MimeType          string          `json:"mime_type"`
	Corrected         *CorrectedView  `json:"corrected,omitempty"`
	ActiveContent     []string        `json:"active_content"`
	Category          string          `json:"category"`
	Tags              []string        `json:"tags"`
	Description       string          `json:"description"`
	Status            files.Status    `json:"status"`
	StatusReason      string          `json:"status_reason"`
	StatusText        string          `json:"status_text"` // the reason, for people
	SHA256            string          `json:"sha256"`
	Version           int32           `json:"version"`
	ChangeDescription string          `json:"change_description"`
	VirusScanned      bool            `json:"virus_scanned"`
	Scan              *ScanView       `json:"scan"`
	ContainsPII       *bool           `json:"contains_pii"`
	Preview           string          `json:"preview"`
	PreviewReason     string          `json:"preview_reason"`
	Width             *int32          `json:"width,omitempty"` // of a picture or film, in pixels
	Height            *int32          `json:"height,omitempty"`
	Pages             *int32          `json:"pages,omitempty"`
	Duration          float64         `json:"duration,omitempty"`  // of sound or film, in seconds
	Thumbnail         string          `json:"thumbnail,omitempty"` // the name of the smallest picture
	Renditions        []RenditionView `json:"renditions"`
	Steps             []StepView      `json:"steps"`
	UploadedBy        uuid.UUID       `json:"uploaded_by"`
	Space             uuid.UUID       `json:"space_id"`
	Folder            *uuid.UUID      `json:"folder_id,omitempty"`
	Subject           *uuid.UUID      `json:"subject_id,omitempty"` // the person it is about
	StaffOnly         bool            `json:"staff_only"`           // of those in the space, only its staff read it
	HandedInAt        *time.Time      `json:"handed_in_at,omitempty"`
	CreatedAt         time.Time       `json:"created_at"`
	UpdatedAt         time.Time       `json:"updated_at"`
	PublishedAt       *time.Time      `json:"published_at"`
	PublishedVersion  *int32          `json:"published_version"`
	Latest            *LatestView     `json:"latest,omitempty"`
	OnHold            *bool           `json:"on_hold,omitempty"` // for those who see holds
	Statements        []StatementView `json:"statements,omitempty"`
}

// StatementView is what the side of a student says about the record.
type StatementView struct {
	Amendment uuid.UUID `json:"amendment_id"`
	Student   uuid.UUID `json:"student_id"`
	Text      string    `json:"statement"`
	At        time.Time `json:"at"`
}

// CorrectedView says that the name or the claim said something else than the
// content is. Both are media types.
type CorrectedView struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// ScanView is the verdict of the scanner.
type ScanView struct {
	Verdict   verdict.Verdict `json:"verdict"`
	Signature string          `json:"signature"`
	Engine    string          `json:"engine"`
	Database  string          `json:"database"`
	ScannedAt *time.Time      `json:"scanned_at"`
}

// RenditionView is a preview and where it is.
type RenditionView struct {
	Name     string `json:"name"`
	Width    int32  `json:"width"`
	Height   int32  `json:"height"`
	MimeType string `json:"mime_type"`
	Size     int64  `json:"size"`
	URL      string `json:"url"`
}

// StepView is one step of a version on its way.
type StepView struct {
	Name      string     `json:"name"`
	State     string     `json:"state"`
	StartedAt time.Time  `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at"`
	Attempt   int32      `json:"attempt"`
}

// LatestView says what became of a newer version than the one that is shown.
type LatestView struct {
	Version      int32        `json:"version"`
	Status       files.Status `json:"status"`
	StatusReason string       `json:"status_reason"`
	StatusText   string       `json:"status_text"`
}

// show makes the contract's file of a version.
func (r *Storage) show(v files.View) (FileView, error) {
	f := FileView{
		ID: v.FileID, Name: v.Name, Size: v.Size, MimeType: v.MimeType, Category: v.Category, Tags: v.Tags, Description: v.Description,
		Status: v.Effective(), StatusReason: v.StatusReason, StatusText: reasonText(v.Effective(), v.StatusReason, v.FoundKind, v.ExpectedKind), SHA256: v.Sha256, Version: v.Number, ChangeDescription: v.ChangeDescription,
		VirusScanned: v.ScanVerdict != verdict.None, ContainsPII: v.ContainsPii, Preview: v.Preview, PreviewReason: v.PreviewReason, Width: v.Width, Height: v.Height, Pages: v.Pages, Steps: []StepView{}, Renditions: []RenditionView{},
		ActiveContent: v.ActiveContent, UploadedBy: v.UploadedBy, Space: v.SpaceID, Folder: v.FolderID, Subject: v.SubjectID, StaffOnly: v.Needs > 1, HandedInAt: request.UTC(v.HandedInAt), CreatedAt: v.CreatedAt.UTC(), UpdatedAt: v.UpdatedAt.UTC(), PublishedAt: request.UTC(v.PublishedAt),
	}
	if v.DurationMs != nil {
		f.Duration = float64(*v.DurationMs) / 1000
	}
	if v.CorrectedFrom != "" {
		f.Corrected = &CorrectedView{From: v.CorrectedFrom, To: v.MimeType}
	}
	for _, list := range []*[]string{&f.ActiveContent, &f.Tags} {
		if *list == nil {
			*list = []string{}
		}
	}
	if f.VirusScanned {
		f.Scan = &ScanView{Verdict: v.ScanVerdict, Signature: v.ScanSignature, Engine: v.ScanEngine, Database: v.ScanDatabase, ScannedAt: request.UTC(v.ScannedAt)}
	}
	if v.CurrentID != nil && *v.CurrentID == v.VersionID {
		f.PublishedVersion = &v.Number
	}
	if err := json.Unmarshal(v.Steps, &f.Steps); err != nil {
		return f, fmt.Errorf("read steps: %w", err)
	}
	for i := range f.Steps {
		f.Steps[i].StartedAt, f.Steps[i].EndedAt = f.Steps[i].StartedAt.UTC(), request.UTC(f.Steps[i].EndedAt)
	}
	// An unpublished version has no content that may be read.
	if f.Status != files.Published {
		return f, nil
	}
	if err := json.Unmarshal(v.Renditions, &f.Renditions); err != nil {
		return f, fmt.Errorf("read renditions: %w", err)
	}
	for i := range f.Renditions {
		f.Renditions[i].URL = fmt.Sprintf("%s/api/v1/storage/files/%s/renditions/%s?version=%d",
			r.ContentURL, v.FileID, url.PathEscape(f.Renditions[i].Name), v.Number)
		if name := f.Renditions[i].Name; name > f.Thumbnail && (name == "fit320.jpg" || name == "fit320.webp") {
			f.Thumbnail = name
		}
	}
	return f, nil
}
