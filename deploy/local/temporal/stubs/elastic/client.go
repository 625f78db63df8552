package elastic

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"
)

var errStub = errors.New("Elasticsearch is not available in the local server")

// Error is an answer of Elasticsearch.
type Error struct {
	Status  int
	Details *ErrorDetails
}

func (*Error) Error() string { return errStub.Error() }

// ErrorDetails explain an answer.
type ErrorDetails struct{ Type, Reason string }

// IsNotFound returns false.
func IsNotFound(error) bool { return false }

// ClientOptionFunc configures a client. Those here have no effect.
type ClientOptionFunc func(*Client) error

// Logger receives messages.
type Logger interface{ Printf(format string, v ...any) }

// The values of options.
type (
	Backoff       struct{}
	Retrier       struct{}
	NumberDecoder struct{}
)

func noOption(*Client) error { return nil }

func SetBasicAuth(string, string) ClientOptionFunc               { return noOption }
func SetDecoder(*NumberDecoder) ClientOptionFunc                 { return noOption }
func SetErrorLog(Logger) ClientOptionFunc                        { return noOption }
func SetGzip(bool) ClientOptionFunc                              { return noOption }
func SetHealthcheck(bool) ClientOptionFunc                       { return noOption }
func SetHttpClient(*http.Client) ClientOptionFunc                { return noOption }
func SetInfoLog(Logger) ClientOptionFunc                         { return noOption }
func SetRetrier(Retrier) ClientOptionFunc                        { return noOption }
func SetSniff(bool) ClientOptionFunc                             { return noOption }
func SetTraceLog(Logger) ClientOptionFunc                        { return noOption }
func SetURL(...string) ClientOptionFunc                          { return noOption }
func NewExponentialBackoff(time.Duration, time.Duration) Backoff { return Backoff{} }
func NewBackoffRetrier(Backoff) Retrier                          { return Retrier{} }

// Client cannot be created.
type Client struct{}

// NewClient returns an error.
func NewClient(...ClientOptionFunc) (*Client, error) { return nil, errStub }

// Start and Stop do nothing.
func (*Client) Start() {}
func (*Client) Stop()  {}

// PerformRequestOptions describe a request.
type PerformRequestOptions struct {
	Method, Path, ContentType string
	Params                    url.Values
	Headers                   http.Header
	Body                      any
}

// Response is the answer to it.
type Response struct{ Body json.RawMessage }

// PerformRequest returns an error.
func (*Client) PerformRequest(context.Context, PerformRequestOptions) (*Response, error) {
	return nil, errStub
}

// Call is one call with the result R. Its Do returns an error, its other methods have no effect.
type Call[R any] struct{}

func (*Call[R]) Do(context.Context) (r R, err error)       { return r, errStub }
func (c *Call[R]) AllowPartialSearchResults(bool) *Call[R] { return c }
func (c *Call[R]) BodyJson(any) *Call[R]                   { return c }
func (c *Call[R]) BodyString(string) *Call[R]              { return c }
func (c *Call[R]) Id(string) *Call[R]                      { return c }
func (c *Call[R]) Index(...string) *Call[R]                { return c }
func (c *Call[R]) Query(Query) *Call[R]                    { return c }
func (c *Call[R]) SearchSource(*SearchSource) *Call[R]     { return c }
func (c *Call[R]) Version(any) *Call[R]                    { return c }
func (c *Call[R]) VersionType(string) *Call[R]             { return c }
func (c *Call[R]) WaitForYellowStatus() *Call[R]           { return c }

// The calls' results.
type (
	Acknowledgement            struct{ Acknowledged bool }
	CatIndicesResponse         []struct{ Index string }
	ClusterHealthResponse      struct{ Status string }
	IndicesGetSettingsResponse struct{ Settings map[string]any }
	GetResult                  struct {
		Id     string
		Found  bool
		Source json.RawMessage
	}
	SearchHit struct {
		Id     string
		Source json.RawMessage
		Sort   []any
	}
	SearchHits   struct{ Hits []*SearchHit }
	SearchResult struct {
		Hits         *SearchHits
		Aggregations map[string]json.RawMessage
	}
)

// The calls.
func (*Client) CatIndices() *Call[CatIndicesResponse]              { return nil }
func (*Client) ClusterHealth() *Call[*ClusterHealthResponse]       { return nil }
func (*Client) Count(...string) *Call[int64]                       { return nil }
func (*Client) CreateIndex(string) *Call[*Acknowledgement]         { return nil }
func (*Client) Delete() *Call[any]                                 { return nil }
func (*Client) DeleteIndex(...string) *Call[*Acknowledgement]      { return nil }
func (*Client) Get() *Call[*GetResult]                             { return nil }
func (*Client) IndexExists(...string) *Call[bool]                  { return nil }
func (*Client) IndexPutSettings(...string) *Call[*Acknowledgement] { return nil }
func (*Client) IndexPutTemplate(string) *Call[*Acknowledgement]    { return nil }
func (*Client) PutMapping() *Call[*Acknowledgement]                { return nil }
func (*Client) Search(...string) *Call[*SearchResult]              { return nil }
func (*Client) IndexGetSettings(...string) *Call[map[string]*IndicesGetSettingsResponse] {
	return nil
}

// Ping returns a call that refuses.
func (*Client) Ping(string) PingCall { return PingCall{} }

// PingCall refuses.
type PingCall struct{}

// Do returns an error.
func (PingCall) Do(context.Context) (any, int, error) { return nil, 0, errStub }
