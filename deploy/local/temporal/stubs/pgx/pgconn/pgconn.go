// Package pgconn has the errors of PostgreSQL. The local server does not use it and receives none.
package pgconn

// PgError is an answer of PostgreSQL.
type PgError struct{ Code, Message string }

func (e *PgError) Error() string { return e.Message }
