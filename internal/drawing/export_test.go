package drawing

import "satchel/internal/sandbox"

// Limited changes the bounds of every call.
func Limited(v Drawer, l sandbox.Limits) Drawer {
	v.limits = l
	return v
}
