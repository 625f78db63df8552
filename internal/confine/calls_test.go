package confine

import (
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/stretchr/testify/require"
)

// TestCallsExist holds for both architectures the platform is built for: an
// unknown name would stop the program on the one it was not tested on.
func TestCallsExist(t *testing.T) {
	t.Parallel()
	for _, machine := range []*arch.Info{arch.X86_64, arch.AARCH64} {
		for _, name := range harmless {
			require.Contains(t, machine.SyscallNames, name, machine.Name)
		}
		for _, call := range conditional {
			require.Contains(t, machine.SyscallNames, call.Name, machine.Name)
			require.NotContains(t, harmless, call.Name, "allowed with any argument")
		}
	}
	for _, name := range harmlessAMD64 {
		require.Contains(t, arch.X86_64.SyscallNames, name)
	}
}

// TestNothingDangerousIsHarmless keeps additions to the lists honest.
func TestNothingDangerousIsHarmless(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"socket", "socketpair", "connect", "bind", "sendto", "sendmsg", "recvmsg", "execve", "execveat", "fork", "vfork",
		"clone", "clone3", "ptrace", "process_vm_readv", "kill", "tgkill", "tkill", "open", "openat", "openat2", "unlink", "unlinkat",
		"rename", "link", "linkat", "symlink", "mknod", "mkdir", "chmod", "mount", "bpf", "io_uring_setup", "userfaultfd",
		"memfd_create", "mmap", "mprotect", "pkey_mprotect", "prctl", "setrlimit", "prlimit64", "seccomp", "unshare", "setns", "keyctl",
	} {
		require.NotContains(t, harmless, name)
		require.NotContains(t, harmlessAMD64, name)
	}
}
