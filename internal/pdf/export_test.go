package pdf

import "satchel/internal/sandbox"

// Limited changes the bounds of every call.
func Limited(v Reader, l sandbox.Limits) Reader {
	v.limits = l
	return v
}
