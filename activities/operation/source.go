package operation

import "embed"

// WorkflowCode is the source of this package that runs inside workflows. The build id of the
// workers is made of it: satchel/workflows.Build.
//
//go:embed report.go
var WorkflowCode embed.FS
