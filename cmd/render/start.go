package main

/*
#define _GNU_SOURCE
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static void limit(int resource, rlim_t most) {
	struct rlimit now, want = {most, most};
	if (getrlimit(resource, &now) == 0 && now.rlim_max < most)
		want.rlim_cur = want.rlim_max = now.rlim_max;
	if (setrlimit(resource, &want) != 0) {
		perror("render: set a resource limit");
		_exit(1);
	}
}

extern char **environ;

// Whatever the parent passed on, a password perhaps, is not for codecs. The
// bytes go too: Go keeps its own list of them, and so does /proc/self/environ.
static void forget_environment(void) {
	for (char **entry = environ; entry && *entry; entry++)
		explicit_bzero(*entry, strlen(*entry));
	clearenv();
}

// A constructor runs before the Go runtime and before bimg's init() starts
// libvips, which is the only moment at which the environment libvips reads can
// still be decided. Doing this in the parent instead would leave a render
// program started by hand, or by a parent with a mistake, unconfined; starting
// the program a second time would cost its start-up time twice.
__attribute__((constructor)) static void confine_before_libvips(void) {
	forget_environment();
	setenv("VIPS_BLOCK_UNTRUSTED", "1", 1); // no SVG, PDF, FITS, ImageMagick
	setenv("VIPS_CONCURRENCY", "1", 1);
	setenv("VIPS_NOVECTOR", "1", 1); // no code generated at run time
	setenv("ORC_CODE", "emulate", 1); // vips_abs compiles even so, and ORC ends the program if it cannot map the code
	setenv("VIPS_WARNING", "1", 1); // stderr is for faults
	setenv("VIPS_DISC_THRESHOLD", "4g", 1); // no temporary files, memory is limited below
	setenv("GOTRACEBACK", "none", 1);
	setenv("PATH", "/nonexistent", 1);
	setenv("LC_ALL", "C", 1);
	mallopt(M_ARENA_MAX, 1); // each arena reserves 64 MiB of address space

	// Memory is bounded by RLIMIT_DATA, which counts what can be written to. The
	// Go runtime reserves 1.3 GiB of address space that it never touches, so
	// RLIMIT_AS is the outer wall. 50 million pixels need 0.2 GiB as JPEG, 0.7 GiB
	// as HEIC, 0.9 GiB as WebP, AVIF or interlaced 16-bit PNG.
	limit(RLIMIT_DATA, 1536UL << 20);
	limit(RLIMIT_AS, 4UL << 30);
	limit(RLIMIT_CPU, 30);
	limit(RLIMIT_FSIZE, 8UL << 20);
	limit(RLIMIT_NOFILE, 64);
	limit(RLIMIT_CORE, 0); // a core would hold the picture
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
		perror("render: give up privileges");
		_exit(1);
	}
}
*/
import "C"
