package chart

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const (
	namespace = "platform"
	token     = "of-a-test"
)

// cluster is an API server of Kubernetes with etcd behind it. There is no node, and no controller: what is made stays as
// it was asked for.
type cluster struct {
	url, kubeconfig string
	client          *http.Client
	resources       map[string]resource // by apiVersion and kind
}

type resource struct {
	path       string
	namespaced bool
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// background runs a program until the test ends. What it wrote is shown where the test failed.
func background(t *testing.T, name string, args ...string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, name, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait()
		if t.Failed() {
			lines := strings.Split(said.String(), "\n")
			t.Logf("%s said at its end:\n%s", filepath.Base(name), strings.Join(lines[max(0, len(lines)-20):], "\n"))
		}
	})
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	if os.Getenv("SATCHEL_KUBE") == "" {
		t.Skip("`make kube-api` asks an API server of Kubernetes")
	}
	server := tool(t, "kube-apiserver")
	etcd, err := exec.LookPath("etcd")
	require.NoError(t, err)
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	accounts := file("accounts.pem", string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})))
	store, peer, address := freeAddress(t), freeAddress(t), freeAddress(t)
	background(t, etcd, "--data-dir", filepath.Join(folder, "etcd"), "--unsafe-no-fsync", "--listen-client-urls", "http://"+store, "--advertise-client-urls", "http://"+store,
		"--listen-peer-urls", "http://"+peer, "--initial-advertise-peer-urls", "http://"+peer, "--initial-cluster", "default=http://"+peer)
	_, port, _ := net.SplitHostPort(address)
	background(t, server, "--etcd-servers", "http://"+store, "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", port, "--cert-dir", folder,
		"--service-account-issuer", "https://kubernetes.default", "--service-account-key-file", accounts, "--service-account-signing-key-file", accounts,
		"--token-auth-file", file("tokens.csv", token+",test,1\n"), "--service-cluster-ip-range", "10.96.0.0/16",
		// What makes objects of its own when it starts is left out, since the chart has none of those: it is most of the start.
		"--authorization-mode", "AlwaysAllow", "--enable-priority-and-fairness=false", "--endpoint-reconciler-type", "none",
		"--runtime-config", "rbac.authorization.k8s.io/v1=false,flowcontrol.apiserver.k8s.io/v1=false",
		// etcd of Debian 12 does not tell how far it is, for which these would wait.
		"--feature-gates", "WatchList=false,SizeBasedListCostEstimate=false")

	c := &cluster{url: "https://" + address, resources: map[string]resource{}}
	var authority []byte
	require.Eventually(t, func() bool { // it makes its certificate first
		authority, err = os.ReadFile(filepath.Join(folder, "apiserver.crt"))
		pool := x509.NewCertPool()
		if err != nil || !pool.AppendCertsFromPEM(authority) {
			return false
		}
		c.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}}}
		status, _, _, err := c.ask(t.Context(), http.MethodGet, "/readyz", "", nil)
		return err == nil && status == http.StatusOK
	}, 5*time.Minute, 200*time.Millisecond, "the API server is not ready")
	config, err := json.Marshal(object{
		"apiVersion": "v1", "kind": "Config", "current-context": "test",
		"clusters": []any{object{"name": "test", "cluster": object{"server": c.url, "certificate-authority-data": authority}}},
		"users":    []any{object{"name": "test", "user": object{"token": token}}},
		"contexts": []any{object{"name": "test", "context": object{"cluster": "test", "user": "test", "namespace": namespace}}},
	})
	require.NoError(t, err)
	c.kubeconfig = file("kubeconfig", string(config))
	return c
}

// send gives the answer, whose body is the caller's to close.
func (c *cluster) send(ctx context.Context, method, path, kind string, body any) (*http.Response, error) {
	var text io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		text = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, text)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return c.client.Do(r)
}

// ask gives the status, the body, and the warnings, which is how pod security speaks of what makes pods.
func (c *cluster) ask(ctx context.Context, method, path, kind string, body any) (int, []byte, []string, error) {
	answer, err := c.send(ctx, method, path, kind, body)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	return answer.StatusCode, b, answer.Header.Values("Warning"), err
}

// of finds where objects of a kind live.
func (c *cluster) of(t *testing.T, apiVersion, kind string) resource {
	t.Helper()
	if r, known := c.resources[apiVersion+" "+kind]; known {
		return r
	}
	root := "/apis/" + apiVersion
	if apiVersion == "v1" {
		root = "/api/v1"
	}
	require.Eventually(t, func() bool { // definitions take a moment to be served
		status, body, _, err := c.ask(t.Context(), http.MethodGet, root, "", nil)
		var list struct {
			Resources []struct {
				Name, Kind string
				Namespaced bool
			}
		}
		if err != nil || status != http.StatusOK || json.Unmarshal(body, &list) != nil {
			return false
		}
		for _, r := range list.Resources {
			if !strings.Contains(r.Name, "/") {
				c.resources[apiVersion+" "+r.Kind] = resource{root + "\x00" + r.Name, r.Namespaced}
			}
		}
		_, known := c.resources[apiVersion+" "+kind]
		return known
	}, 30*time.Second, 100*time.Millisecond, "%s %s is not known", apiVersion, kind)
	return c.resources[apiVersion+" "+kind]
}

func (c *cluster) path(t *testing.T, m manifest) string {
	t.Helper()
	r := c.of(t, m.at("apiVersion").(string), m.kind())
	root, name, _ := strings.Cut(r.path, "\x00")
	if r.namespaced {
		root += "/namespaces/" + namespace
	}
	return root + "/" + name
}

// apply is a strict server-side apply, without effect when dry.
func (c *cluster) apply(t *testing.T, m manifest, dry bool) (int, string, []string) {
	t.Helper()
	query := "?fieldManager=test&fieldValidation=Strict"
	if dry {
		query += "&dryRun=All"
	}
	status, body, warnings, err := c.ask(t.Context(), http.MethodPatch, c.path(t, m)+"/"+m.name()+query, "application/apply-patch+yaml", m.object)
	require.NoError(t, err)
	return status, string(body), warnings
}

func (c *cluster) applied(t *testing.T, m manifest, dry bool) {
	t.Helper()
	status, body, warnings := c.apply(t, m, dry)
	require.Contains(t, []int{http.StatusOK, http.StatusCreated}, status, "%s %s: %s", m.kind(), m.name(), body)
	require.Empty(t, warnings, "%s %s", m.kind(), m.name())
}

// prepare makes the namespace, with pod security as docs/kubernetes.md says, and the definitions of KEDA and of the
// operator of Prometheus.
func (c *cluster) prepare(t *testing.T) {
	t.Helper()
	c.applied(t, manifest{object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{
		"name": namespace, "labels": object{"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"},
	}}}, false)
	// The controllers would make it.
	c.applied(t, manifest{object{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": object{"name": "default"}}}, false)
	for module, files := range map[string][]string{
		"github.com/kedacore/keda/v2": {"config/crd/bases/keda.sh_scaledobjects.yaml"},
		"github.com/prometheus-operator/prometheus-operator": {
			"example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
			"example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
		},
	} {
		download := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module)
		download.Dir, download.Env = "../tools/crds", append(os.Environ(), "GOWORK=off")
		out, err := download.Output()
		require.NoError(t, err, string(out))
		var at struct{ Dir string }
		require.NoError(t, json.Unmarshal(out, &at))
		for _, name := range files {
			var definition object
			require.NoError(t, yaml.Unmarshal([]byte(read(t, filepath.Join(at.Dir, name))), &definition))
			status, body, _ := c.apply(t, manifest{definition}, false)
			require.Equal(t, http.StatusCreated, status, body)
		}
	}
}

// podOf is one that the object would make, as its controller does.
func podOf(m manifest) manifest {
	return manifest{object{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": object{"name": m.name(), "labels": m.at("spec", "template", "metadata", "labels")},
		"spec":     m.at("spec", "template", "spec"),
	}}
}

func TestKubernetes(t *testing.T) {
	c := startCluster(t)
	c.prepare(t)
	t.Run("helm installs, upgrades, rolls back and uninstalls", c.takesHelm)
	t.Run("each object is taken", c.takesTheChart)
}

// takesTheChart asks: is each object what it says in every field, and each pod restricted?
func (c *cluster) takesTheChart(t *testing.T) {
	for _, more := range [][]string{nil, everything, {"--set", "edge.enabled=false,podDisruptionBudgets.enabled=false,networkPolicies.enabled=false"}} {
		all := rendered(t, more...)
		for _, m := range all {
			c.applied(t, m, m.kind() != "ServiceAccount") // a pod is refused whose account is not there
		}
		for _, m := range all {
			if _, ok := m.pod(); ok {
				c.applied(t, podOf(m), true)
			}
		}
	}

	all := rendered(t, everything...)
	for _, c2 := range []struct {
		m       manifest
		in      []any
		says    string
		pattern string
	}{
		{all.one(t, "Deployment", "school-satchel-api"), []any{"spec", "template", "spec"}, "field not declared", "terminationGraceSeconds"},
		{all.one(t, "NetworkPolicy", "school-satchel-api"), []any{"spec"}, "field not declared", "ingres"},
		{all.one(t, "ScaledObject", "school-satchel-worker"), []any{"spec"}, "field not declared", "minReplicas"},
		{all.one(t, "PrometheusRule", "school-satchel-rules"), []any{"spec"}, "field not declared", "group"},
	} {
		c2.m.at(c2.in...).(object)[c2.pattern] = 5
		status, body, _ := c.apply(t, c2.m, true)
		require.NotEqual(t, http.StatusOK, status, c2.m.kind())
		require.Contains(t, body, c2.says)
		require.Contains(t, body, c2.pattern)
	}
	pod := podOf(rendered(t).one(t, "Deployment", "school-satchel-worker"))
	pod.at("spec", "initContainers", 1, "securityContext").(object)["allowPrivilegeEscalation"] = true
	status, body, _ := c.apply(t, pod, true)
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, body, "PodSecurity")
}

// migrated plays the controller of jobs and a node: each job of the hooks ends as it is told, until ctx ends. The channel is closed then.
func (c *cluster) migrated(ctx context.Context, succeeds bool) <-chan struct{} {
	done := make(chan struct{})
	now := time.Now().UTC().Format(time.RFC3339)
	condition := func(kind string) object {
		return object{"type": kind, "status": "True", "lastTransitionTime": now, "lastProbeTime": now}
	}
	status := object{"startTime": now, "completionTime": now, "succeeded": 1, "conditions": []any{condition("SuccessCriteriaMet"), condition("Complete")}}
	if !succeeds {
		status = object{"startTime": now, "failed": 1, "conditions": []any{condition("FailureTarget"), condition("Failed")}}
	}
	go func() {
		defer close(done)
		path := "/apis/batch/v1/namespaces/" + namespace + "/jobs"
		answer, err := c.send(ctx, http.MethodGet, path+"?watch=true&resourceVersion=0", "", nil)
		if err != nil {
			return
		}
		defer func() { _ = answer.Body.Close() }()
		for events := json.NewDecoder(answer.Body); ; {
			var event struct {
				Type   string
				Object object
			}
			if events.Decode(&event) != nil {
				return
			}
			if event.Type != "DELETED" && (manifest{event.Object}).at("status", "startTime") == nil { // not the one before
				_, _, _, _ = c.ask(ctx, http.MethodPatch, path+"/"+(manifest{event.Object}).name()+"/status", "application/merge-patch+json", object{"status": status})
			}
		}
	}()
	return done
}

// takesHelm: a migration that fails stops an installation and an upgrade before anything is changed; an upgrade
// changes nothing that cannot be changed; a rollback is the release before; and nothing of the chart is left at the end.
func (c *cluster) takesHelm(t *testing.T) {
	run := func(args ...string) error {
		t.Helper()
		out, complaints, err := helm(t, append(args, "--kubeconfig", c.kubeconfig, "--namespace", namespace, "--timeout", "3m")...)
		if err != nil {
			return fmt.Errorf("%w: %s%s", err, out, complaints)
		}
		return nil
	}
	deploy := func(succeeds bool, args ...string) error {
		t.Helper()
		ctx, stop := context.WithCancel(t.Context())
		ended := c.migrated(ctx, succeeds)
		err := run(append(args, "--values", "testdata/values.yaml")...)
		stop()
		<-ended
		return err
	}
	// api gives replicas and image; none where there is no API.
	api := func() (int, string) {
		t.Helper()
		status, body, _, err := c.ask(t.Context(), http.MethodGet, "/apis/apps/v1/namespaces/"+namespace+"/deployments/school-satchel-api", "", nil)
		require.NoError(t, err)
		if status == http.StatusNotFound {
			return 0, "none"
		}
		var m object
		require.NoError(t, json.Unmarshal(body, &m))
		return int((manifest{m}).at("spec", "replicas").(float64)), (manifest{m}).at("spec", "template", "spec", "containers", 0, "image").(string)
	}
	is := func(replicas int, image string) {
		t.Helper()
		gotReplicas, gotImage := api()
		require.Equal(t, image, gotImage)
		require.Equal(t, replicas, gotReplicas)
	}

	require.ErrorContains(t, deploy(false, "install", "school", "."), "pre-install")
	is(0, "none")
	require.NoError(t, run("uninstall", "school"))
	require.NoError(t, deploy(true, "install", "school", "."))
	is(2, "satchel/api:latest")
	require.ErrorContains(t, deploy(false, "upgrade", "school", ".", "--set", "api.replicas=4"), "pre-upgrade")
	is(2, "satchel/api:latest")
	require.NoError(t, deploy(true, "upgrade", "school", ".", "--values", "testdata/all.yaml"))
	is(3, "registry.school.example/platform/satchel/api:1.2.3")
	require.NoError(t, run("rollback", "school", "1"))
	is(2, "satchel/api:latest")
	require.NoError(t, run("uninstall", "school"))
	// A job of a hook is no part of a release, and stays.
	status, body, _, err := c.ask(t.Context(), http.MethodDelete, "/apis/batch/v1/namespaces/"+namespace+"/jobs/school-satchel-migrate?propagationPolicy=Background", "", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, string(body))
	for _, kind := range []string{
		"v1 Service", "v1 ServiceAccount", "v1 ConfigMap", "apps/v1 Deployment", "networking.k8s.io/v1 NetworkPolicy", "networking.k8s.io/v1 Ingress",
		"policy/v1 PodDisruptionBudget", "keda.sh/v1alpha1 ScaledObject", "monitoring.coreos.com/v1 ServiceMonitor", "monitoring.coreos.com/v1 PrometheusRule",
	} {
		apiVersion, name, _ := strings.Cut(kind, " ")
		_, body, _, err := c.ask(t.Context(), http.MethodGet, c.path(t, manifest{object{"apiVersion": apiVersion, "kind": name}})+"?labelSelector=app.kubernetes.io/instance%3Dschool", "", nil)
		require.NoError(t, err)
		var list struct{ Items []any }
		require.NoError(t, json.Unmarshal(body, &list))
		require.Empty(t, list.Items, kind)
	}
}
