package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Generation is a document that is made from a text.
type Generation struct {
	ID         string          `json:"id"`
	Kind       string          `json:"kind"`
	Language   string          `json:"language"`
	State      string          `json:"state"`
	Code       string          `json:"code"`
	Title      string          `json:"title"`
	Revision   int             `json:"revision"`
	CostMicro  int64           `json:"cost_micro"`
	Currency   string          `json:"currency"`
	Format     string          `json:"format"`
	FileID     string          `json:"file_id"`
	VersionID  string          `json:"version_id"`
	CreatedAt  time.Time       `json:"created_at"`
	ExpiresAt  *time.Time      `json:"expires_at"`
	EndedAt    *time.Time      `json:"ended_at"`
	Provenance json.RawMessage `json:"provenance,omitempty"`
	Document   json.RawMessage `json:"document,omitempty"`
}

// Making says whether there is no draft and no end yet.
func (g Generation) Making() bool { return g.State == "waiting" || g.State == "approved" }

// NewGeneration is what is asked for.
type NewGeneration struct {
	Kind          string `json:"kind"`
	Language      string `json:"language"`
	Level         string `json:"level,omitempty"`
	Count         int    `json:"count,omitempty"`
	File          string `json:"file_id,omitempty"`
	Topic         string `json:"topic,omitempty"`
	Provider      string `json:"provider,omitempty"`
	ConfirmPrompt string `json:"confirm_prompt,omitempty"`
}

// GenerationPreview is what would be sent to a model.
type GenerationPreview struct {
	Company      string         `json:"company"`
	Country      string         `json:"country"`
	Model        string         `json:"model"`
	System       string         `json:"system"`
	Prompt       string         `json:"prompt"`
	PromptSHA256 string         `json:"prompt_sha256"`
	Redactions   map[string]int `json:"redactions"`
	Confirm      bool           `json:"confirm"`
	WorstMicro   int64          `json:"worst_micro"`
	Currency     string         `json:"currency"`
}

// GenerationApproval is how a draft becomes a file.
type GenerationApproval struct {
	Revision int    `json:"revision"`
	Format   string `json:"format"`
	Answers  bool   `json:"answers,omitempty"`
	Space    string `json:"space_id,omitempty"`
	Folder   string `json:"folder_id,omitempty"`
	Name     string `json:"name,omitempty"`
}

const generationsPath = "/api/v1/generations"

// Generate asks for a document.
func (c *Client) Generate(ctx context.Context, n NewGeneration) (g Generation, err error) {
	return g, c.Call(ctx, http.MethodPost, generationsPath, n, &g)
}

// PreviewGeneration shows what would be sent to a model.
func (c *Client) PreviewGeneration(ctx context.Context, n NewGeneration) (p GenerationPreview, err error) {
	q := url.Values{"kind": {n.Kind}, "language": {n.Language}}
	for name, value := range map[string]string{"level": n.Level, "file_id": n.File, "topic": n.Topic, "provider": n.Provider} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if n.Count > 0 {
		q.Set("count", strconv.Itoa(n.Count))
	}
	return p, c.Call(ctx, http.MethodGet, "/api/v1/generation/preview?"+q.Encode(), nil, &p)
}

// Generations lists the newest ones of the caller.
func (c *Client) Generations(ctx context.Context, state string) ([]Generation, error) {
	var page struct {
		Items []Generation `json:"items"`
	}
	err := c.Call(ctx, http.MethodGet, generationsPath+"?"+url.Values{"state": {state}}.Encode(), nil, &page)
	return page.Items, err
}

// Generation shows one, once there is a draft, or it has ended, or so many seconds are over.
func (c *Client) Generation(ctx context.Context, id string, wait int) (g Generation, err error) {
	return g, c.Call(ctx, http.MethodGet, generationsPath+"/"+url.PathEscape(id)+"?wait="+strconv.Itoa(wait), nil, &g)
}

// EditGeneration replaces the document of a draft.
func (c *Client) EditGeneration(ctx context.Context, id string, revision int, document json.RawMessage) (g Generation, err error) {
	return g, c.Call(ctx, http.MethodPatch, generationsPath+"/"+url.PathEscape(id), map[string]any{"revision": revision, "document": document}, &g)
}

// ApproveGeneration makes a draft a file.
func (c *Client) ApproveGeneration(ctx context.Context, id string, a GenerationApproval) (g Generation, err error) {
	return g, c.Call(ctx, http.MethodPost, generationsPath+"/"+url.PathEscape(id)+"/approve", a, &g)
}

// EndGeneration rejects a draft, or cancels a generation.
func (c *Client) EndGeneration(ctx context.Context, id, how string) (g Generation, err error) {
	return g, c.Call(ctx, http.MethodPost, generationsPath+"/"+url.PathEscape(id)+"/"+how, nil, &g)
}
