// Command versitygw is versitygw's S3 gateway over a folder, and nothing else of it. The program of that name also links
// gateways to Azure, S3 and ScoutFS and a suite of tests with the SDKs that they need.
//
// It understands the flags that the local stack and s3test use, so the two programs are interchangeable: the stack
// starts the one on the PATH when there is one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

// The defaults of versitygw's own program.
const (
	connections    = 250_000
	requests       = 100_000
	parts          = 10_000
	copyLimit      = 5 << 30
	concurrency    = 5000
	bufferSize     = 1 << 20
	folderMode     = 0o755
	fileMode       = 0o644
	accountSeconds = 120
	pruneSeconds   = 3600
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "versitygw:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	gateway := &embedgw.Config{
		MaxConnections:    connections,
		MaxRequests:       requests,
		MultipartMaxParts: parts,
		IAMCacheTTL:       accountSeconds,
		IAMCachePrune:     pruneSeconds,
		Version:           "of Satchel",
	}
	f := flag.NewFlagSet("versitygw", flag.ContinueOnError)
	f.Func("port", "address to listen on; may be given several times", func(s string) error {
		gateway.Ports = append(gateway.Ports, s)
		return nil
	})
	f.StringVar(&gateway.RootUserAccess, "access", os.Getenv("ROOT_ACCESS_KEY"), "access key of the root account")
	f.StringVar(&gateway.RootUserSecret, "secret", os.Getenv("ROOT_SECRET_KEY"), "secret key of the root account")
	f.StringVar(&gateway.Region, "region", "us-east-1", "region that clients name")
	f.StringVar(&gateway.HealthPath, "health", "", "path of the health check; empty is none")
	f.StringVar(&gateway.IAMDir, "iam-dir", "", "folder of users.json; empty is the root account alone")
	f.BoolVar(&gateway.Quiet, "quiet", false, "log no requests")
	f.BoolVar(&gateway.KeepAlive, "keep-alive", false, "keep connections open between requests")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.Arg(0) != "posix" {
		return fmt.Errorf("unknown command %q; this program has only posix", f.Arg(0))
	}
	backend, err := newBackend(f.Args()[1:])
	if err != nil {
		return err
	}
	return embedgw.RunVersityGW(ctx, backend, gateway)
}

func newBackend(args []string) (*posix.Posix, error) {
	o := posix.PosixOpts{Concurrency: concurrency, IOBufferSize: bufferSize, CopyObjectThreshold: copyLimit}
	o.SetNewDirPerm(folderMode)
	o.SetNewFilePerm(fileMode)
	f := flag.NewFlagSet("versitygw posix", flag.ContinueOnError)
	f.BoolVar(&o.DataIntegrityEtag, "data-integrity-etag", false, "the ETag is the object's checksum instead of an MD5")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() != 1 {
		return nil, errors.New("name one folder")
	}
	attributes := meta.XattrMeta{}
	if err := attributes.Test(f.Arg(0)); err != nil {
		return nil, fmt.Errorf("folder %s keeps no extended attributes: %w", f.Arg(0), err)
	}
	return posix.New(f.Arg(0), attributes, o)
}
