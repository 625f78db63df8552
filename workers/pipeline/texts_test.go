package pipeline_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/pipelinetest"
	"satchel/tenancy"
	extracting "satchel/workflows/extract"
	"satchel/workflows/upload"
)
