package media

import "satchel/internal/sandbox"

// Limited changes the bounds of every call.
func Limited(v Player, l sandbox.Limits) Player {
	v.limits = l
	return v
}
