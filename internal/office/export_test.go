package office

import "satchel/internal/sandbox"

// Limited changes the bounds of every call.
func Limited(v Converter, l sandbox.Limits) Converter {
	v.limits = l
	return v
}
