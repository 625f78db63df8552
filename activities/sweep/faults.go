package sweep

import "satchel/internal/fault"

// ErrNotPlatform refuses a sweep that is asked for by an organization.
var ErrNotPlatform = fault.New(fault.Denied, "not_platform", "Only the platform sweeps. Start it with the platform's organization.")
