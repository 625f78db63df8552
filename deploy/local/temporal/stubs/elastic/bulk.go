package elastic

import (
	"context"
	"time"
)

// BulkableRequest is a change that several calls share.
type BulkableRequest interface {
	Source() ([]string, error)
	String() string
}

// BulkRequest would change a document. Its methods have no effect.
type BulkRequest struct{}

func NewBulkIndexRequest() *BulkRequest                { return &BulkRequest{} }
func NewBulkDeleteRequest() *BulkRequest               { return &BulkRequest{} }
func (r *BulkRequest) Doc(any) *BulkRequest            { return r }
func (r *BulkRequest) Id(string) *BulkRequest          { return r }
func (r *BulkRequest) Index(string) *BulkRequest       { return r }
func (r *BulkRequest) Version(int64) *BulkRequest      { return r }
func (r *BulkRequest) VersionType(string) *BulkRequest { return r }
func (*BulkRequest) Source() ([]string, error)         { return nil, errStub }
func (*BulkRequest) String() string                    { return "" }

// BulkResponseItem is the answer to one change.
type BulkResponseItem struct {
	Id     string
	Status int
	Error  *ErrorDetails
}

// BulkResponse is the answer to several.
type BulkResponse struct {
	Took  int
	Items []map[string]*BulkResponseItem
}

// BulkService would send changes.
type BulkService struct{}

// Bulk returns a service that refuses.
func (*Client) Bulk() *BulkService { return &BulkService{} }

// Add drops the changes; Do returns an error.
func (s *BulkService) Add(...BulkableRequest) *BulkService { return s }

// Do returns an error.
func (*BulkService) Do(context.Context) (*BulkResponse, error) { return nil, errStub }

// NumberOfActions returns 0.
func (*BulkService) NumberOfActions() int { return 0 }

// What a processor calls before and after it sends changes.
type (
	BulkBeforeFunc func(int64, []BulkableRequest)
	BulkAfterFunc  func(int64, []BulkableRequest, *BulkResponse, error)
)

// BulkProcessor would send changes in the background. The methods that return it have no effect, the others return
// errors.
type BulkProcessor struct{}

func (*Client) BulkProcessor() *BulkProcessor                       { return &BulkProcessor{} }
func (p *BulkProcessor) After(BulkAfterFunc) *BulkProcessor         { return p }
func (p *BulkProcessor) Before(BulkBeforeFunc) *BulkProcessor       { return p }
func (p *BulkProcessor) BulkActions(int) *BulkProcessor             { return p }
func (p *BulkProcessor) BulkSize(int) *BulkProcessor                { return p }
func (p *BulkProcessor) FlushInterval(time.Duration) *BulkProcessor { return p }
func (p *BulkProcessor) Name(string) *BulkProcessor                 { return p }
func (p *BulkProcessor) RetryItemStatusCodes(...int) *BulkProcessor { return p }
func (p *BulkProcessor) Workers(int) *BulkProcessor                 { return p }
func (*BulkProcessor) Do(context.Context) (*BulkProcessor, error)   { return nil, errStub }
func (*BulkProcessor) Flush() error                                 { return errStub }
func (*BulkProcessor) Stop() error                                  { return errStub }

// Add drops the change.
func (*BulkProcessor) Add(BulkableRequest) {}
