package confine

import (
	"slices"
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
	for _, name := range slices.Concat(harmlessAMD64, onFilesAMD64) {
		require.Contains(t, arch.X86_64.SyscallNames, name)
	}
	for _, name := range slices.Concat(onFiles, listening) {
		require.Contains(t, arch.X86_64.SyscallNames, name)
		require.Contains(t, arch.AARCH64.SyscallNames, name)
	}
}

// TestProgramsReachNothing keeps additions to the lists of other programs honest: what
// connects, sends, starts or traces is in none of them.
func TestProgramsReachNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"socket", "socketpair", "connect", "sendto", "sendmsg", "sendmmsg", "execve", "execveat", "fork", "vfork", "clone", "clone3",
		"ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "tkill", "link", "linkat", "symlink", "symlinkat", "mknod", "mknodat", "mount", "chroot", "pivot_root",
		"bpf", "io_uring_setup", "userfaultfd", "memfd_create", "pkey_mprotect", "setrlimit", "prlimit64", "seccomp", "unshare", "setns", "keyctl", "ioctl", "openat2",
	} {
		require.NotContains(t, slices.Concat(harmless, harmlessAMD64, onFiles, onFilesAMD64, listening), name)
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
