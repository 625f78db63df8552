package imports

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

// Supabase is the storage of a Supabase project, by its REST API. The key is the
// project's service key: an ordinary one sees only what its policies show.
type Supabase struct {
	base, key string
	buckets   []string // empty: all
	client    *http.Client
}

// OpenSupabase gives the storage at an address, which is that of the project or of its
// storage API. Only the named buckets are read; without names, all of them.
func OpenSupabase(address, key string, buckets []string) (*Supabase, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is no address of a Supabase project: give one such as https://PROJECT.supabase.co", address)
	}
	base := strings.TrimRight(u.Scheme+"://"+u.Host+u.Path, "/")
	if u.Path == "" || u.Path == "/" {
		base += "/storage/v1"
	}
	return &Supabase{base: base, key: key, buckets: buckets, client: &http.Client{}}, nil
}

// Name is the address of the storage API.
func (s *Supabase) Name() string { return "supabase " + s.base }

// Objects a question; the API gives at most 1,000.
const supabasePage = 1000

type supabaseObject struct {
	ID       *string `json:"id"` // none: a folder
	Name     string  `json:"name"`
	Updated  string  `json:"updated_at"`
	Metadata struct {
		ETag string `json:"eTag"`
		Size *int64 `json:"size"`
	} `json:"metadata"`
}

// List lists the objects of the buckets. The first name of each path is the bucket's.
func (s *Supabase) List(ctx context.Context, each func(Object) error) error {
	buckets := s.buckets
	if len(buckets) == 0 {
		var err error
		if buckets, err = s.allBuckets(ctx); err != nil {
			return err
		}
	}
	for _, bucket := range buckets {
		if err := s.listBucket(ctx, bucket, each); err != nil {
			return fmt.Errorf("list bucket %s: %w", bucket, err)
		}
	}
	return nil
}

func (s *Supabase) allBuckets(ctx context.Context) (names []string, err error) {
	for {
		var page []struct {
			ID string `json:"id"`
		}
		if err := s.call(ctx, http.MethodGet, fmt.Sprintf("/bucket?limit=%d&offset=%d", supabasePage, len(names)), nil, &page); err != nil {
			return nil, fmt.Errorf("list the buckets: %w", err)
		}
		for _, b := range page {
			names = append(names, b.ID)
		}
		if len(page) < supabasePage {
			return names, nil
		}
	}
}

// listBucket walks the folders of a bucket: the list without a cursor is what every
// version of the API has.
func (s *Supabase) listBucket(ctx context.Context, bucket string, each func(Object) error) error {
	for open := []string{""}; len(open) > 0; {
		prefix := open[len(open)-1]
		open = open[:len(open)-1]
		for offset := 0; ; offset += supabasePage {
			var page []supabaseObject
			err := s.call(ctx, http.MethodPost, "/object/list/"+url.PathEscape(bucket), map[string]any{
				"prefix": prefix, "limit": supabasePage, "offset": offset, "sortBy": map[string]string{"column": "name", "order": "asc"},
			}, &page)
			if err != nil {
				return err
			}
			for _, o := range page {
				at := path.Join(prefix, o.Name)
				if o.ID == nil {
					open = append(open, at)
				} else if err := each(o.object(bucket, at)); err != nil {
					return err
				}
			}
			if len(page) < supabasePage {
				break
			}
		}
	}
	return nil
}

func (o supabaseObject) object(bucket, at string) Object {
	out := Object{ID: *o.ID, Path: bucket + "/" + at, Size: -1, Revision: o.Metadata.ETag}
	if out.Revision == "" {
		out.Revision = o.Updated
	}
	if o.Metadata.Size != nil {
		out.Size = *o.Metadata.Size
	}
	out.Modified, _ = time.Parse(time.RFC3339, o.Updated) // it is only shown
	return out
}

// Open reads an object as the service.
func (s *Supabase) Open(ctx context.Context, o Object) (io.ReadCloser, error) {
	resp, err := s.send(ctx, http.MethodGet, "/object/authenticated/"+(&url.URL{Path: o.Path}).EscapedPath(), nil)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

func (s *Supabase) call(ctx context.Context, method, at string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	resp, err := s.send(ctx, method, at, body)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	return json.NewDecoder(resp.Body).Decode(out)
}

func (s *Supabase) send(ctx context.Context, method, at string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.base+at, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	req.Header.Set("Apikey", s.key)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer func() { _ = resp.Body.Close() }()
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		return nil, fmt.Errorf("the source answers %s: %s", resp.Status, strings.TrimSpace(string(text)))
	}
	return resp, nil
}
