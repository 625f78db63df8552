package edge

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// authority signs the certificates of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	as := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, as, as, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return authority{cert, key}
}

func encoded(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func (a authority) pem() string { return encoded("CERTIFICATE", a.cert.Raw) }

// issue gives a certificate for this machine and its key.
func (a authority) issue(t *testing.T, use x509.ExtKeyUsage, ends time.Time) (cert, key string) {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "edge"}, DNSNames: []string{"example.com"},
		NotAfter: ends, ExtKeyUsage: []x509.ExtKeyUsage{use}}, a.cert, own.Public(), a.key)
	require.NoError(t, err)
	encodedKey, err := x509.MarshalPKCS8PrivateKey(own)
	require.NoError(t, err)
	return encoded("CERTIFICATE", der), encoded("PRIVATE KEY", encodedKey)
}

// TestListenerAsksForTheEdgesCertificate: who shows none, or one of another authority, one
// that is over or one of a server, says nothing to the listener; who shows a good one needs
// the secret as well.
func TestListenerAsksForTheEdgesCertificate(t *testing.T) {
	t.Parallel()
	ours, theirs, later := newAuthority(t), newAuthority(t), time.Now().Add(time.Hour)
	cert, key := ours.issue(t, x509.ExtKeyUsageServerAuth, later)
	const secret = "a secret of the tests, of at least 32 bytes"
	e, err := New(Config{Listen: "127.0.0.1:0", Keys: []string{secret}, Cert: cert, Key: key, ClientCA: ours.pem()}, nil, nil, nil, nil)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(e.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answered") })))
	server.TLS, err = e.TLS()
	require.NoError(t, err)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()

	roots := x509.NewCertPool()
	roots.AddCert(ours.cert)
	ask := func(secret string, shown ...string) (status int, err error) {
		c := &tls.Config{RootCAs: roots, ServerName: "example.com"}
		if len(shown) > 0 {
			pair, err := tls.X509KeyPair([]byte(shown[0]), []byte(shown[1]))
			require.NoError(t, err)
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil } // also of another authority
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: c, DisableKeepAlives: true}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/c/x", nil)
		require.NoError(t, err)
		req.Header.Set(KeyHeader, secret)
		resp, err := client.Do(req)
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, resp.Body.Close()
	}
	good, goodKey := ours.issue(t, x509.ExtKeyUsageClientAuth, later)
	status, err := ask(secret, good, goodKey)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	status, err = ask("another secret, of at least 32 bytes", good, goodKey)
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, status)

	_, err = ask(secret)
	require.Error(t, err, "no certificate")
	for what, issue := range map[string]func() (string, string){
		"of another authority": func() (string, string) { return theirs.issue(t, x509.ExtKeyUsageClientAuth, later) },
		"over": func() (string, string) {
			return ours.issue(t, x509.ExtKeyUsageClientAuth, time.Now().Add(-time.Minute))
		},
		"of a server": func() (string, string) { return ours.issue(t, x509.ExtKeyUsageServerAuth, later) },
	} {
		cert, key := issue()
		_, err := ask(secret, cert, key)
		require.Error(t, err, what)
	}
}

// TestListenerTakesANewCertificate from its settings at the next handshake, and keeps the one it has while
// they cannot be used.
func TestListenerTakesANewCertificate(t *testing.T) {
	t.Parallel()
	ours, later := newAuthority(t), time.Now().Add(time.Hour)
	first, firstKey := ours.issue(t, x509.ExtKeyUsageServerAuth, later)
	second, secondKey := ours.issue(t, x509.ExtKeyUsageServerAuth, later.Add(time.Hour))
	now := Config{Listen: "127.0.0.1:0", Keys: []string{"a secret of the tests, of at least 32 bytes"}, Cert: first, Key: firstKey}
	c := now
	c.Fresh = func() (Config, error) { return now, nil }
	e, err := New(c, nil, nil, nil, nil)
	require.NoError(t, err)
	config, err := e.TLS()
	require.NoError(t, err)
	shown := func() time.Time {
		t.Helper()
		config, err := config.GetConfigForClient(nil)
		require.NoError(t, err)
		cert, err := x509.ParseCertificate(config.Certificates[0].Certificate[0])
		require.NoError(t, err)
		return cert.NotAfter
	}
	before := shown()
	now.Cert, now.Key = second, "half written"
	require.Equal(t, before, shown())
	now.Key = secondKey
	require.True(t, shown().After(before))
	now.Cert, now.Key = "", ""
	require.True(t, shown().After(before), "a file that is gone does not make it plain HTTP")
}

// TestKeysOfTheEdgeOverlap: all keys are known, and one that was taken out is not.
func TestKeysOfTheEdgeOverlap(t *testing.T) {
	t.Parallel()
	one, two := "the first secret, of at least 32 bytes", "the second secret, of at least 32 bytes"
	both, err := New(Config{Listen: "127.0.0.1:0", Keys: []string{two, one}}, nil, nil, nil, nil)
	require.NoError(t, err)
	require.True(t, both.knows(one) && both.knows(two))
	after, err := New(Config{Listen: "127.0.0.1:0", Keys: []string{two}}, nil, nil, nil, nil)
	require.NoError(t, err)
	require.False(t, after.knows(one))
}

// TestListenerWithoutHalfOfItsTLS does not start.
func TestListenerWithoutHalfOfItsTLS(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t)
	cert, key := ours.issue(t, x509.ExtKeyUsageServerAuth, time.Now().Add(time.Hour))
	for what, c := range map[string]Config{
		"an authority alone": {ClientCA: ours.pem()}, "no key": {Cert: cert}, "no authority in it": {Cert: cert, Key: key, ClientCA: "x"},
	} {
		_, err := (&Edge{config: c}).TLS()
		require.Error(t, err, what)
	}
	none, err := (&Edge{}).TLS()
	require.NoError(t, err)
	require.Nil(t, none)
}
