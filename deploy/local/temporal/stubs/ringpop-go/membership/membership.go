// Package membership has the members of a ring. The local server's ring has none.
package membership

// Member is a node as others see it.
type Member interface {
	GetAddress() string
	Identity() string
	Label(key string) (value string, has bool)
}

// ChangeEvent says that members have joined or left.
type ChangeEvent struct{}
