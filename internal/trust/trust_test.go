package trust_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/trust"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return authority{cert, key}
}

func (a authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// sign gives a certificate and its key in PEM.
func (a authority) sign(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, &private.PublicKey, a.key)
	require.NoError(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

// TestMutualTLS: the server is believed by the named authority alone, the client shows its
// certificate, and a certificate that is replaced is shown from the next connection on.
func TestMutualTLS(t *testing.T) {
	t.Parallel()
	ours, theirs := newAuthority(t), newAuthority(t)
	cert, key := ours.sign(t, "temporal.test")
	pair, err := tls.X509KeyPair(cert, key)
	require.NoError(t, err)
	clients := x509.NewCertPool()
	clients.AddCert(ours.cert)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.TLS.PeerCertificates[0].Subject.CommonName))
	}))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	server.StartTLS()
	t.Cleanup(server.Close)

	dir := t.TempDir()
	certPath, keyPath := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write := func(by authority, name string) {
		cert, key := by.sign(t, name)
		require.NoError(t, os.WriteFile(certPath, cert, 0o600))
		require.NoError(t, os.WriteFile(keyPath, key, 0o600))
	}
	write(ours, "first")
	roots, err := trust.Roots("A_SETTING", ours.pem())
	require.NoError(t, err)
	config, err := trust.Client{Roots: roots, ServerName: "temporal.test", Cert: certPath, Key: keyPath}.Config()
	require.NoError(t, err)
	ask := func() (string, error) {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: config.Clone(), DisableKeepAlives: true}}
		res, err := client.Get(server.URL)
		if err != nil {
			return "", err
		}
		defer func() { _ = res.Body.Close() }()
		b := make([]byte, 16)
		n, _ := res.Body.Read(b)
		return string(b[:n]), nil
	}
	name, err := ask()
	require.NoError(t, err)
	require.Equal(t, "first", name)
	write(ours, "second")
	name, err = ask()
	require.NoError(t, err)
	require.Equal(t, "second", name)
	write(theirs, "stranger")
	_, err = ask()
	require.Error(t, err, "the server does not know who signed that")

	strange, err := trust.Roots("A_SETTING", theirs.pem())
	require.NoError(t, err)
	config.RootCAs = strange
	write(ours, "third")
	_, err = ask()
	require.Error(t, err, "the client does not believe that authority")
}

func TestWrongSettings(t *testing.T) {
	t.Parallel()
	roots, err := trust.Roots("A_SETTING", "")
	require.NoError(t, err)
	require.Nil(t, roots, "the machine's")
	_, err = trust.Roots("A_SETTING", "no certificate")
	require.ErrorContains(t, err, "A_SETTING")
	_, err = trust.Client{Cert: "/a"}.Config()
	require.ErrorContains(t, err, "together")
	_, err = trust.Client{Cert: "/does/not/exist", Key: "/does/not/exist"}.Config()
	require.ErrorContains(t, err, "client certificate")
}
