package schema

// Change applies migrations of a test.
var Change = change
