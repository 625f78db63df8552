package s3test

import "syscall"

// dieWithParent ends the store when the test's process dies without cleaning
// up, as it does after a panic.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
