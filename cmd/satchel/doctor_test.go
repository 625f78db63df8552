package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDoctorIsAProgramOfItsOwn: it is told what was asked, its answer and its status are passed on,
// and where it is missing the command says where it is not.
func TestDoctorIsAProgramOfItsOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, "doctor")
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\necho \"$@\"\ntest \"$2\" != mail\n"), 0o700))
	var out bytes.Buffer
	a, cmd := &app{json: true}, root()
	cmd.SetOut(&out)
	cmd.SetContext(t.Context())
	require.NoError(t, a.runDoctor(cmd, program, []string{"postgres"}))
	require.ErrorIs(t, a.runDoctor(cmd, program, []string{"mail"}), errOutcome)
	require.Equal(t, "--json postgres\n--json mail\n", out.String())
	require.ErrorContains(t, a.runDoctor(cmd, filepath.Join(dir, "none"), nil), "run this where api or worker run")
}
