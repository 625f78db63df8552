package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"satchel/internal/bootstrap"
	"satchel/internal/clamd"
	"satchel/internal/keyring"
	"satchel/internal/kms"
	"satchel/internal/mail"
	"satchel/internal/oidc"
	"satchel/internal/s3"
	"satchel/internal/settings"
	"satchel/internal/spool"
	"satchel/policies/verdict"
	"satchel/tenancy"
	"satchel/workflows/jobs"
)

var parts = []part{
	{"postgres", "SATCHEL_DATABASE_URL", checkPostgres, "Is Postgres up, and does this machine reach it? Is it the role that `migrate up` made, with its password, and did `migrate up` of this build run?"},
	{"replica", "SATCHEL_DATABASE_REPLICA_URL", checkReplica, "Is the standby up, does it stream from the server of SATCHEL_DATABASE_URL, and is it the same role with its password? Until it is, the primary answers."},
	{"store", "SATCHEL_S3_ENDPOINT", checkStore, "Is the store up, and are key, region and TLS right? Make the buckets that are missing: no program creates them (docs/operating.md)."},
	{"keys", "SATCHEL_S3_ENDPOINT", checkKeys, "Set a key service (docs/compliance/encryption.md), and make the bucket SATCHEL_S3_KEYS_BUCKET for its own account. Without both no file is taken while SATCHEL_ENCRYPTION is on."},
	{"temporal", "SATCHEL_TEMPORAL_ADDRESS", checkTemporal, "Is Temporal's frontend up at that address, with TLS as set? Make the namespace with the search attributes OrgId and JobKind, or set SATCHEL_TEMPORAL_MAKE_NAMESPACE=true for the worker."},
	{"scanner", "SATCHEL_CLAMD_SOCKET", checkScanner, "Is clamd up, may this user open its socket, and does it have its signatures (freshclam)? docs/operating.md has what its configuration needs."},
	{"issuer", "SATCHEL_OIDC_ISSUER", checkIssuer, "Open the address with /.well-known/openid-configuration: it has to answer, to name itself exactly as it is set here, and to show a certificate that SATCHEL_OIDC_CA vouches for."},
	{"mail", "SATCHEL_SMTP_HOST", checkMail, "Does the mail server answer at that port, with TLS as set, and take the login? Nothing was sent."},
	{"spool", "", checkSpool, "Give SATCHEL_SPOOL_DIR a folder that this program may write, with room for a part of each upload and one archive of each scan."},
}

func checkPostgres(ctx context.Context) (string, error) {
	c, err := settings.Load[tenancy.Config]()
	if err != nil {
		return "", err
	}
	db, err := tenancy.Open(ctx, c)
	if err != nil {
		return "", err
	}
	defer db.Close()
	archive, archives, err := db.WALArchive(ctx)
	switch {
	case err != nil:
		return "", fmt.Errorf("ask Postgres for its archive, which `migrate up` of this build makes possible: %w", err)
	case !archives:
		return "answers, and row-level security binds the role. It archives no WAL: a restore would lose what came since the last backup.", nil
	case archive.ArchivedAt == nil:
		return "answers, and row-level security binds the role. Nothing of its WAL was archived yet.", nil
	}
	return fmt.Sprintf("answers, and row-level security binds the role. Its WAL was last archived at %s; %d segments wait.", archive.ArchivedAt.UTC().Format(time.RFC3339), archive.Waiting), nil
}

func checkReplica(ctx context.Context) (string, error) {
	c, err := settings.Load[tenancy.Config]()
	if err != nil {
		return "", err
	}
	replica, err := settings.Load[tenancy.ReplicaConfig]()
	if err != nil {
		return "", err
	}
	db, err := tenancy.Open(ctx, c)
	if err != nil {
		return "", err
	}
	defer db.Close()
	if err := db.CheckReplica(ctx, replica); err != nil {
		return "", err
	}
	return "answers, is a standby of the database, and row-level security binds the role. How far it is behind is the metric satchel_replica_lag_seconds.", nil
}

func checkStore(ctx context.Context) (string, error) {
	c, err := settings.Load[s3.Config]()
	if err != nil {
		return "", err
	}
	store, err := s3.Open(c)
	if err != nil {
		return "", err
	}
	if err := store.Ping(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("answers and has the buckets %s and %s.", c.Staging, c.Clean), nil
}

// checkKeys wraps a few bytes by the key service, opens them again, and looks for the bucket of
// data keys.
func checkKeys(ctx context.Context) (string, error) {
	encryption, err := settings.Load[keyring.Config]()
	if err != nil {
		return "", err
	}
	service, err := settings.Load[kms.Config]()
	if err != nil {
		return "", err
	}
	c, err := settings.Load[s3.Config]()
	if err != nil {
		return "", err
	}
	store, err := s3.Open(c)
	if err != nil {
		return "", err
	}
	box, err := service.Open()
	if err != nil {
		return "", err
	}
	if box == nil && !encryption.On {
		return "SATCHEL_ENCRYPTION is off and there is no key service: files lie in the store as they came.", nil
	}
	if _, err := keyring.New(encryption, s3.RecordsOf(store.Keys, keyring.ErrAbsent), box); err != nil {
		return "", err
	}
	sealed, err := box.Seal(ctx, []byte("doctor"), "doctor")
	if err != nil {
		return "", fmt.Errorf("wrap a key by the key service: %w", reason(err))
	}
	if _, err := box.Open(ctx, sealed, "doctor"); err != nil {
		return "", fmt.Errorf("open a key by the key service: %w", reason(err))
	}
	if err := store.Keys.Ping(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("the key service wraps and opens keys, and the bucket %s is there.", c.Keys), nil
}

// checkTemporal also looks whether something waits for a build without workers.
func checkTemporal(ctx context.Context) (string, error) {
	c, namespace, err := bootstrap.OpenTemporal(ctx)
	if err != nil {
		return "", err
	}
	defer c.Close()
	says := fmt.Sprintf("answers and has the namespace %s.", namespace)
	r, err := jobs.Control{Client: c, Namespace: namespace}.Routing(ctx)
	if err != nil || !r.Ever {
		return says, err
	}
	for _, v := range r.Versions {
		if v.Stranded() {
			return "", fmt.Errorf("%d workflows wait for workers of build %s, of which none runs (docs/runbooks/build-without-workers.md)", v.Pinned, v.Build)
		}
	}
	return fmt.Sprintf("%s Build %s of the workers has the work.", says, cmp.Or(r.Current, "without a name")), nil
}

// testString is the antivirus test string of EICAR, in two halves: a scanner that looks at
// this program must not find it there.
const testString = `X5O!P%@AP[4\PZX54(P^)7CC)7}` + `$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

// scannerConfig is how the worker reaches the scanner.
type scannerConfig struct {
	Socket string `env:"SATCHEL_CLAMD_SOCKET,required"` // unix socket of clamd
}

// signaturesOld is when the alert SatchelSignaturesOld fires.
const signaturesOld = 48 * time.Hour

func checkScanner(ctx context.Context) (string, error) {
	c, err := settings.Load[scannerConfig]()
	if err != nil {
		return "", err
	}
	client := clamd.New(c.Socket)
	version, err := client.Version(ctx)
	if err != nil {
		return "", err
	}
	found, err := client.Scan(ctx, strings.NewReader(testString), int64(len(testString)))
	switch at, dated := version.Signed(); {
	case err != nil:
		return "", err
	case found.Outcome != verdict.Infected:
		return "", fmt.Errorf("the scanner calls the antivirus test string %s: it works without its signatures", found.Outcome)
	case dated && time.Since(at) > signaturesOld:
		return "", fmt.Errorf("the signatures are of %s: freshclam does not fetch them, or clamd does not load them", at.UTC().Format(time.RFC3339))
	}
	return fmt.Sprintf("%s answers and finds the antivirus test string.", version.Engine), nil
}

func checkIssuer(ctx context.Context) (string, error) {
	c, err := settings.Load[oidc.Config]()
	if err != nil {
		return "", err
	}
	v, err := oidc.New(c)
	if err != nil {
		return "", err
	}
	if err := v.Ready(ctx); err != nil {
		return "", reason(err)
	}
	return c.Issuer + " answers and names its keys.", nil
}

func checkMail(ctx context.Context) (string, error) {
	c, err := settings.Load[mail.Config]()
	if err != nil {
		return "", err
	}
	s, err := mail.New(c)
	if err != nil {
		return "", err
	}
	if err := s.Check(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s:%d answers and lets this program in.", c.Host, c.Port), nil
}

func checkSpool(context.Context) (string, error) {
	c, err := settings.Load[spool.Config]()
	if err != nil {
		return "", err
	}
	dir := c.Dir
	if dir == "" {
		dir = os.TempDir()
	}
	file, err := spool.Nameless(dir)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	if _, err := bytes.NewReader([]byte("a byte")).WriteTo(file); err != nil {
		return "", spool.Failed("write spool file", err)
	}
	free, whole, err := c.Room()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is written to and has %s of %s left.", dir, gibibytes(free), gibibytes(whole)), nil
}

func gibibytes(n uint64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }

// reason gives the cause of a fault, whose own text is for people who are not operators.
func reason(err error) error {
	if cause := errors.Unwrap(err); cause != nil {
		return cause
	}
	return err
}
