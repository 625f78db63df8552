// Package elastic replaces the client of Elasticsearch, which can hold the server's list of workflows. The local server
// keeps this list in SQLite; NewClient and each call return an error. The queries have no content.
package elastic

// Query is a condition.
type Query interface{ Source() (any, error) }

// query is the common part of the queries here.
type query struct{}

// Source returns an error.
func (query) Source() (any, error) { return nil, errStub }

// BoolQuery would combine conditions.
type BoolQuery struct{ query }

func NewBoolQuery() *BoolQuery                               { return &BoolQuery{} }
func (q *BoolQuery) Filter(...Query) *BoolQuery              { return q }
func (q *BoolQuery) MustNot(...Query) *BoolQuery             { return q }
func (q *BoolQuery) Should(...Query) *BoolQuery              { return q }
func (q *BoolQuery) MinimumNumberShouldMatch(int) *BoolQuery { return q }
func (q *BoolQuery) MinimumShouldMatch(string) *BoolQuery    { return q }

// RangeQuery would compare a field with limits.
type RangeQuery struct{ query }

func NewRangeQuery(string) *RangeQuery    { return &RangeQuery{} }
func (q *RangeQuery) Gt(any) *RangeQuery  { return q }
func (q *RangeQuery) Gte(any) *RangeQuery { return q }
func (q *RangeQuery) Lt(any) *RangeQuery  { return q }
func (q *RangeQuery) Lte(any) *RangeQuery { return q }

// The other conditions.
func NewExistsQuery(string) Query         { return query{} }
func NewMatchQuery(string, any) Query     { return query{} }
func NewPrefixQuery(string, string) Query { return query{} }
func NewTermQuery(string, any) Query      { return query{} }
func NewTermsQuery(string, ...any) Query  { return query{} }

// Sorter is an order.
type Sorter any

// SortByDoc is the order of the index.
type SortByDoc struct{}

// FieldSort would order by a field.
type FieldSort struct{}

func NewFieldSort(string) *FieldSort        { return &FieldSort{} }
func (s *FieldSort) Asc() *FieldSort        { return s }
func (s *FieldSort) Desc() *FieldSort       { return s }
func (s *FieldSort) Missing(any) *FieldSort { return s }

// Aggregation is a grouping.
type Aggregation any

// TermsAggregation would group by a field.
type TermsAggregation struct{}

func NewTermsAggregation() *TermsAggregation                                     { return &TermsAggregation{} }
func (a *TermsAggregation) Field(string) *TermsAggregation                       { return a }
func (a *TermsAggregation) Missing(any) *TermsAggregation                        { return a }
func (a *TermsAggregation) SubAggregation(string, Aggregation) *TermsAggregation { return a }

// SearchSource would be a search.
type SearchSource struct{}

func NewSearchSource() *SearchSource                                  { return &SearchSource{} }
func (s *SearchSource) Aggregation(string, Aggregation) *SearchSource { return s }
func (s *SearchSource) Query(Query) *SearchSource                     { return s }
func (s *SearchSource) SearchAfter(...any) *SearchSource              { return s }
func (s *SearchSource) Size(int) *SearchSource                        { return s }
func (s *SearchSource) SortBy(...Sorter) *SearchSource                { return s }
func (s *SearchSource) TrackTotalHits(any) *SearchSource              { return s }
