//go:build !linux

package clamd

import (
	"errors"
	"os"
)

// Without memory that can be sealed everything is streamed.
func newMemory() (*os.File, error) { return nil, errors.ErrUnsupported }

func seal(*os.File) error { return errors.ErrUnsupported }
