package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
)

func TestWiring(t *testing.T) {
	t.Parallel()
	require.NoError(t, fx.ValidateApp(app()))
}
