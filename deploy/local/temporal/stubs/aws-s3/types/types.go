// Package types has what the client of S3 returns. The local server's returns nothing but errors, and none of these.
package types

// CommonPrefix is a group of objects in a list.
type CommonPrefix struct{ Prefix *string }

// Object is one object in a list.
type Object struct{ Key *string }

// NoSuchBucket says that a bucket does not exist.
type NoSuchBucket struct{}

func (*NoSuchBucket) Error() string { return "no such bucket" }

// NoSuchKey says that an object does not exist.
type NoSuchKey struct{}

func (*NoSuchKey) Error() string { return "no such key" }
