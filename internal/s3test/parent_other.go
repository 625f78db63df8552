//go:build !linux

package s3test

import "syscall"

// dieWithParent has no counterpart elsewhere.
func dieWithParent() *syscall.SysProcAttr { return nil }
