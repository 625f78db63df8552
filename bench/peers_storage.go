package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/minio/minio-go/v7"

	"satchel/client"
)

const (
	peerBucket = "bench" // as its callers name it
	peerStart  = 3 * time.Minute
	peerLog    = 3000 // bytes of its log that an error shows
)

// storagePeer is a running supabase/storage with a PostgreSQL of its own.
type storagePeer struct {
	folder, log string
	bucket      string // of the store
	base, dsn   string
	secret      string // of its tokens
	person      uuid.UUID
	stops       []func() // in the order of starting
}

// startPeer starts the program of a checkout that was built, as its .env.sample has it, with one
// bucket whose files people reach in the folder of their own id: the rule that its documentation shows.
func (b *bench) startPeer(ctx context.Context, checkout string) (_ *storagePeer, err error) {
	server := filepath.Join("dist", "start", "server.js")
	if _, err := os.Stat(filepath.Join(checkout, server)); err != nil { //nolint:gosec // what the user named
		return nil, fmt.Errorf("%w: build the checkout as its README says", err)
	}
	p := &storagePeer{secret: uuid.NewString() + uuid.NewString(), person: uuid.New(), bucket: "bench-peer-" + uuid.NewString()}
	if p.folder, err = os.MkdirTemp("", "satchel-peer-"); err != nil {
		return nil, err
	}
	p.stops = append(p.stops, func() { _ = os.RemoveAll(p.folder) })
	defer func() {
		if err != nil {
			p.stop()
		}
	}()
	if err = p.startPostgres(ctx); err != nil {
		return nil, fmt.Errorf("its PostgreSQL: %w", err)
	}
	if err = b.makePeerBucket(ctx, p); err != nil {
		return nil, fmt.Errorf("its bucket of the store: %w", err)
	}
	if err = b.startStorage(ctx, p, checkout, server); err != nil {
		return nil, err
	}
	return p, p.prepare(ctx)
}

// stop ends what was started, the last first.
func (p *storagePeer) stop() {
	for i := len(p.stops) - 1; i >= 0; i-- {
		p.stops[i]()
	}
	p.stops = nil
}

// run starts a program that writes into the peer's log, and ends it with the peer by a signal.
func (p *storagePeer) run(cmd *exec.Cmd, end syscall.Signal) (ended <-chan struct{}, err error) {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	over := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		_ = log.Close()
		close(over)
	}()
	p.stops = append(p.stops, func() {
		_ = cmd.Process.Signal(end)
		select {
		case <-over:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			<-over
		}
	})
	return over, nil
}

// startPostgres starts the newest PostgreSQL of the machine, with what the stack's own has
// (deploy/local/services/postgres.sh): it waits for its disk, and has its settings as they come.
func (p *storagePeer) startPostgres(ctx context.Context) error {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return errors.New("there is no PostgreSQL below /usr/lib/postgresql")
	}
	programs, cluster, password := filepath.Dir(found[len(found)-1]), filepath.Join(p.folder, "postgres"), uuid.NewString()
	p.log = filepath.Join(p.folder, "log")
	secret := filepath.Join(p.folder, "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		return err
	}
	as := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		who, err := user.Lookup("postgres")
		if err != nil {
			return err
		}
		uid, _ := strconv.Atoi(who.Uid)
		gid, _ := strconv.Atoi(who.Gid)
		as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := errors.Join(os.Chown(p.folder, uid, gid), os.Chown(secret, uid, gid)); err != nil {
			return err
		}
	}
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	initdb := exec.CommandContext(ctx, filepath.Join(programs, "initdb"), "--pgdata", cluster, "--username", "postgres", "--pwfile", secret,
		"--encoding", "UTF8", "--locale", "C.UTF-8", "--auth-host", "scram-sha-256", "--auth-local", "reject", "--no-instructions")
	initdb.Dir, initdb.SysProcAttr = p.folder, as
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	postgres := exec.Command(filepath.Join(programs, "postgres"), "-D", cluster, "-c", "listen_addresses=127.0.0.1", "-c", "port="+strconv.Itoa(port), //nolint:noctx // it is ended by its stop, which lets it write what it holds
		"-c", "unix_socket_directories=", "-c", "max_connections=200", "-c", "timezone=UTC")
	postgres.Dir, postgres.SysProcAttr = p.folder, as
	ended, err := p.run(postgres, syscall.SIGINT)
	if err != nil {
		return err
	}
	p.dsn = (&url.URL{Scheme: "postgres", User: url.UserPassword("postgres", password), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: "postgres", RawQuery: "sslmode=disable"}).String()
	return p.answers(ctx, ended, func(ctx context.Context) error {
		c, err := pgx.Connect(ctx, p.dsn)
		if err != nil {
			return err
		}
		return c.Close(ctx)
	})
}

// answers waits until something does.
func (p *storagePeer) answers(ctx context.Context, ended <-chan struct{}, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, peerStart)
	defer cancel()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("it ended by itself: %s", p.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w: %s", err, p.lastWords())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (p *storagePeer) lastWords() string {
	log, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(log[max(0, len(log)-peerLog):])
}

func (b *bench) makePeerBucket(ctx context.Context, p *storagePeer) error {
	store, err := b.store()
	if err != nil {
		return err
	}
	if err := store.MakeBucket(ctx, p.bucket, minio.MakeBucketOptions{}); err != nil {
		return err
	}
	p.stops = append(p.stops, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		for range store.RemoveObjects(ctx, p.bucket, store.Client.ListObjects(ctx, p.bucket, minio.ListObjectsOptions{Recursive: true}), minio.RemoveObjectsOptions{}) {
			continue // the stack's store goes with the stack
		}
		_ = store.RemoveBucket(ctx, p.bucket)
	})
	return nil
}

func (b *bench) startStorage(ctx context.Context, p *storagePeer, checkout, server string) error {
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	node := os.Getenv("PEER_NODE")
	if node == "" {
		node = "node"
	}
	cmd := exec.Command(node, server) //nolint:gosec,noctx // what the user named; it is ended by its stop
	cmd.Dir, cmd.SysProcAttr = checkout, &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = append(os.Environ(), "NODE_ENV=production", "LOG_LEVEL=error", "SERVER_HOST=127.0.0.1", "SERVER_PORT="+strconv.Itoa(port), "SERVER_REGION=us-east-1",
		"AUTH_JWT_SECRET="+p.secret, "AUTH_JWT_ALGORITHM=HS256", "DATABASE_URL="+p.dsn, "DATABASE_POOL_URL=", "DB_INSTALL_ROLES=true",
		"UPLOAD_FILE_SIZE_LIMIT=1073741824", "UPLOAD_FILE_SIZE_LIMIT_STANDARD=1073741824", "TUS_URL_PATH=/upload/resumable",
		"STORAGE_BACKEND=s3", "STORAGE_S3_BUCKET="+p.bucket, "STORAGE_S3_ENDPOINT=http://"+b.S3.Endpoint, "STORAGE_S3_FORCE_PATH_STYLE=true", "STORAGE_S3_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID="+b.S3.AccessKey, "AWS_SECRET_ACCESS_KEY="+b.S3.SecretKey,
		"PG_QUEUE_ENABLE=false", "IMAGE_TRANSFORMATION_ENABLED=false", "RATE_LIMITER_ENABLED=false")
	ended, err := p.run(cmd, syscall.SIGTERM)
	if err != nil {
		return fmt.Errorf("%s (PEER_NODE names another one): %w", node, err)
	}
	p.base = "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return p.answers(ctx, ended, func(ctx context.Context) error {
		return (&client.Client{Base: p.base}).Call(ctx, http.MethodGet, "/status", nil, nil)
	})
}

// prepare makes the bucket and the rules by which people reach what is theirs in it.
func (p *storagePeer) prepare(ctx context.Context) error {
	c, err := p.as("service_role", "")
	if err != nil {
		return err
	}
	if err := c.Call(ctx, http.MethodPost, "/bucket", map[string]any{"id": peerBucket, "name": peerBucket, "public": false}, nil); err != nil {
		return fmt.Errorf("make a bucket: %w", err)
	}
	return p.exec(ctx, `create policy buckets_are_seen on storage.buckets for select to authenticated using (true)`,
		`create policy own_folder on storage.objects for all to authenticated
			using (bucket_id = 'bench' and (storage.foldername(name))[1] = (select current_setting('request.jwt.claim.sub', true)))
			with check (bucket_id = 'bench' and (storage.foldername(name))[1] = (select current_setting('request.jwt.claim.sub', true)))`)
}

func (p *storagePeer) exec(ctx context.Context, statements ...string) error {
	db, err := pgx.Connect(ctx, p.dsn)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close(context.WithoutCancel(ctx)) }()
	for _, sql := range statements {
		if _, err := db.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%.60s: %w", sql, err)
		}
	}
	return nil
}

// as gives its API as a role, and as a person where there is one.
func (p *storagePeer) as(role, subject string) (*client.Client, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(p.secret)}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, err
	}
	token, err := jwt.Signed(signer).Claims(jwt.Claims{Subject: subject, Expiry: jwt.NewNumericDate(time.Now().Add(24 * time.Hour))}).Claims(map[string]any{"role": role}).Serialize()
	return &client.Client{Base: p.base, Token: token, HTTP: crowd}, err
}

// side is supabase/storage as a person meets it.
func (p *storagePeer) side() (*side, error) {
	c, err := p.as("authenticated", p.person.String())
	if err != nil {
		return nil, err
	}
	folder := p.person.String() + "/"
	return &side{
		name: "supabase/storage",
		send: func(ctx context.Context, name string, size int) (string, error) {
			var made struct{ Key string }
			return folder + name, sendForm(ctx, c, "/object/"+peerBucket+"/"+folder+name, name, size, &made)
		},
		read: func(ctx context.Context, id string) (int64, error) {
			return bytesOf(ctx, c, "/object/authenticated/"+peerBucket+"/"+id)
		},
		tus: func(ctx context.Context, name string, size int64) error {
			return sendTus(ctx, c, "/upload/resumable", size, "bucketName", peerBucket, "objectName", folder+name, "contentType", "text/plain")
		},
		page: func(ctx context.Context, cursor string, limit int) ([]byte, error) {
			in := map[string]any{"prefix": folder, "limit": limit}
			if cursor != "" {
				in["cursor"] = cursor
			}
			var body json.RawMessage
			err := c.Call(ctx, http.MethodPost, "/object/list-v2/"+peerBucket, in, &body)
			return body, err
		},
		parse: func(body []byte) (string, int, error) {
			var page struct {
				Objects []json.RawMessage
				Next    string `json:"nextCursor"`
			}
			err := json.Unmarshal(body, &page)
			return page.Next, len(page.Objects), err
		},
		settle: func(context.Context) error { return nil }, // what it has answered is done
	}, nil
}

// fill gives the person so many files more, without objects.
func (p *storagePeer) fill(ctx context.Context, n int) error {
	return p.exec(ctx, fmt.Sprintf(`insert into storage.objects (bucket_id, name, owner_id, version, metadata)
		select '%s', '%s/essay ' || n || '.txt', '%s', gen_random_uuid()::text, '{"eTag": "\"e\"", "size": 1000, "mimetype": "text/plain", "cacheControl": "no-cache", "httpStatusCode": 200, "contentLength": 1000}'
		from generate_series(1, %d) n`, peerBucket, p.person, p.person, n), "vacuum analyze storage.objects", "checkpoint")
}

func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
