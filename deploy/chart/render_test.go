package chart

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// tool gives a program of deploy/tools, or skips: to build these takes minutes, so the tests of every change do without
// them. make chart and make kube-api build them first, and SATCHEL_CHART_TOOLS, their folder, makes them a must.
func tool(t *testing.T, name string) string {
	t.Helper()
	folder, must := os.LookupEnv("SATCHEL_CHART_TOOLS")
	if !must {
		folder = "../../.local/bin"
	}
	path, err := filepath.Abs(filepath.Join(folder, name))
	require.NoError(t, err)
	if _, err := os.Stat(path); err != nil {
		if must {
			require.NoError(t, err)
		}
		t.Skipf("%s is not built: `make chart` builds helm, `make kube-api` kube-apiserver too", name)
	}
	return path
}

// helm runs it over the chart and gives what it wrote, and what it complained of.
func helm(t *testing.T, args ...string) (string, string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tool(t, "helm"), args...)
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home, "KUBECONFIG="+filepath.Join(home, "none"))
	var out, complaints strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	return out.String(), complaints.String(), err
}

// manifest is one object of Kubernetes.
type manifest struct {
	object
}

// at walks into an object: names of keys, numbers of elements.
func (m manifest) at(path ...any) any {
	var here any = m.object
	for _, p := range path {
		switch p := p.(type) {
		case string:
			in, _ := here.(object)
			here = in[p]
		case int:
			in, _ := here.([]any)
			if p >= len(in) {
				return nil
			}
			here = in[p]
		}
	}
	return here
}

func (m manifest) kind() string { return m.at("kind").(string) }
func (m manifest) name() string { return m.at("metadata", "name").(string) }

// pod is the template of what makes pods.
func (m manifest) pod() (object, bool) {
	p, ok := m.at("spec", "template", "spec").(object)
	return p, ok
}

// containers of a pod, with those that run beside.
func containers(pod object) []object {
	var found []object
	for _, list := range []string{"initContainers", "containers"} {
		of, _ := pod[list].([]any)
		for _, c := range of {
			found = append(found, c.(object))
		}
	}
	return found
}

func environment(c object) map[string]string {
	found := map[string]string{}
	of, _ := c["env"].([]any)
	for _, e := range of {
		found[e.(object)["name"].(string)], _ = e.(object)["value"].(string)
	}
	return found
}

type manifests []manifest

func (all manifests) one(t *testing.T, kind, name string) manifest {
	t.Helper()
	i := slices.IndexFunc(all, func(m manifest) bool { return m.kind() == kind && m.name() == name })
	require.GreaterOrEqual(t, i, 0, "%s %s", kind, name)
	return all[i]
}

// rendered is what `helm template` makes of the release "school" with these files of testdata.
func rendered(t *testing.T, args ...string) manifests {
	t.Helper()
	out, complaints, err := helm(t, append([]string{"template", "school", ".", "--namespace", "platform", "--values", "testdata/values.yaml"}, args...)...)
	require.NoError(t, err, complaints)
	var all manifests
	for d := yaml.NewDecoder(strings.NewReader(out)); ; {
		var m object
		err := d.Decode(&m)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		if m != nil {
			all = append(all, manifest{m})
		}
	}
}

var everything = []string{"--values", "testdata/all.yaml"}

func TestChartIsClean(t *testing.T) {
	t.Parallel()
	for _, more := range [][]string{nil, everything} {
		out, complaints, err := helm(t, append([]string{"lint", ".", "--strict", "--values", "testdata/values.yaml"}, more...)...)
		require.NoError(t, err, out+complaints)
	}
}

// TestMisspeltValuesAreRefused: what is not in the schema would be passed over in silence, with its setting at the default.
func TestMisspeltValuesAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--set", "replicas=3"}, "'replicas'"},
		{[]string{"--set", "api.replica=3"}, "'replica'"},
		{[]string{"--set", "api.replicas=0"}, "/api/replicas"},
		{[]string{"--set-string", "settings.SATCHEL_SCAN_SLOT=4"}, "'SATCHEL_SCAN_SLOT'"},
		{[]string{"--set", "settings.SATCHEL_SCAN_SLOTS=4"}, "want string"},
		{[]string{"--set-string", "settings.SATCHEL_SMTP_PASSWORD=secret"}, "'SATCHEL_SMTP_PASSWORD'"},
		{[]string{"--set-string", "settings.SATCHEL_API_REPLICAS=4"}, "'SATCHEL_API_REPLICAS'"},
		{[]string{"--set-string", "api.settings.SATCHEL_SCAN_SLOTS=4"}, "'SATCHEL_SCAN_SLOTS'"},
		{[]string{"--set", "secrets.api.keys.SATCHEL_AUDIT_KEY=audit-key"}, "'SATCHEL_AUDIT_KEY'"},
		{[]string{"--set", "secrets.api.keys.SATCHEL_DATABASE_URL=null"}, "SATCHEL_DATABASE_URL"},
		{[]string{"--set", "settings.SATCHEL_OIDC_ISSUER=null"}, "SATCHEL_OIDC_ISSUER"},
		{[]string{"--set", "keda.enabled=true"}, "serverAddress"},
		{[]string{"--set", "networkPolicies.database.to[0].podSelecter.x=y"}, "'podSelecter'"},
		{[]string{"--set-string", "settings.SATCHEL_S3_CA=x", "--set", "secrets.api.keys.SATCHEL_S3_CA=ca"}, "leave it in one of the two"},
		{[]string{"--set", "ingress.enabled=true", "--set", "settings.SATCHEL_CONTENT_URL=https://files.school.example"}, "of another origin"},
	} {
		_, complaints, err := helm(t, append([]string{"template", "school", ".", "--values", "testdata/values.yaml"}, c.args...)...)
		require.Error(t, err, c.args)
		require.Contains(t, complaints, c.says, c.args)
	}
}

// TestEverySettingReachesItsPrograms: all at once, in settings or in the Secrets, and each program has those that it reads
// and no others. What is secret comes as a file.
func TestEverySettingReachesItsPrograms(t *testing.T) {
	t.Parallel()
	values := object{"settings": object{}, "secrets": object{}}
	want, keys := map[string]map[string]string{}, map[string][]string{}
	for _, part := range parts {
		want[part] = map[string]string{}
		values["secrets"].(object)[part] = object{"keys": object{}}
	}
	for _, s := range deployed(t) {
		for _, part := range s.programs {
			switch {
			case slices.Contains(byTheChart, s.name):
				want[part][s.name] = ""
			case s.secret():
				key := strings.ToLower(s.name)
				values["secrets"].(object)[part].(object)["keys"].(object)[s.name] = key
				want[part][s.name+"_FILE"] = "/run/secrets/satchel/" + key
				keys[part] = append(keys[part], key)
			default:
				values["settings"].(object)[s.name] = "https://" + strings.ToLower(s.name) + ".example"
				want[part][s.name] = "https://" + strings.ToLower(s.name) + ".example"
			}
		}
	}
	file := filepath.Join(t.TempDir(), "values.json")
	b, err := json.Marshal(values)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, b, 0o600))
	all := rendered(t, "--values", file)
	for _, part := range parts {
		kind := map[string]string{"migrate": "Job"}[part]
		if kind == "" {
			kind = "Deployment"
		}
		pod, _ := all.one(t, kind, "school-satchel-"+part).pod()
		main := pod["containers"].([]any)[0].(object)
		got := environment(main)
		for _, name := range byTheChart {
			if _, is := want[part][name]; is {
				require.NotEmpty(t, got[name], name)
				got[name] = ""
			}
		}
		require.Equal(t, want[part], got, part)
		items, _ := json.Marshal(pod["volumes"].([]any)[0])
		for _, key := range keys[part] {
			require.Contains(t, string(items), `"`+key+`"`)
		}
	}
}

// TestReplicasOfTheAPI: each process grants its part of the limits, so both are one value.
func TestReplicasOfTheAPI(t *testing.T) {
	t.Parallel()
	api := rendered(t, "--set", "api.replicas=5").one(t, "Deployment", "school-satchel-api")
	pod, _ := api.pod()
	require.EqualValues(t, 5, api.at("spec", "replicas"))
	require.Equal(t, "5", environment(containers(pod)[0])["SATCHEL_API_REPLICAS"])
}

// TestPodsOfTheAPIDrain: clients get the time to close their connections, also in a chart that says nothing of it.
func TestPodsOfTheAPIDrain(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{"5s": nil, "9s": {"--set", "settings.SATCHEL_DRAIN=9s"}, "8s": {"--set", "settings.SATCHEL_DRAIN=9s,api.settings.SATCHEL_DRAIN=8s"}} {
		pod, _ := rendered(t, args...).one(t, "Deployment", "school-satchel-api").pod()
		require.Equal(t, want, environment(containers(pod)[0])["SATCHEL_DRAIN"])
	}
}

// TestPodsAreRestricted holds each container against the standard "restricted", and its user against the image's.
func TestPodsAreRestricted(t *testing.T) {
	t.Parallel()
	users := map[string]string{}
	for _, stage := range regexp.MustCompile(`(?m)^FROM `).Split(read(t, "../images/Dockerfile"), -1)[1:] {
		name := regexp.MustCompile(`AS (\w+)`).FindStringSubmatch(stage)[1]
		if user := regexp.MustCompile(`(?m)^USER (\d+):`).FindStringSubmatch(stage); user != nil {
			users[name] = user[1]
		}
	}
	seen := map[string]bool{}
	for _, m := range rendered(t, everything...) {
		pod, ok := m.pod()
		if !ok {
			continue
		}
		require.Equal(t, false, pod["automountServiceAccountToken"], m.name())
		require.Equal(t, false, pod["enableServiceLinks"], m.name())
		security := manifest{pod["securityContext"].(object)}
		require.Equal(t, true, security.at("runAsNonRoot"))
		require.Equal(t, "RuntimeDefault", security.at("seccompProfile", "type"))
		for _, c := range containers(pod) {
			image := regexp.MustCompile(`^registry\.school\.example/platform/satchel/(\w+)(:1\.2\.[23]|@sha256:[0-9a-f]{64})$`).FindStringSubmatch(c["image"].(string))
			require.NotNil(t, image, c["image"])
			seen[image[1]] = true
			own := manifest{c["securityContext"].(object)}
			require.Equal(t, false, own.at("allowPrivilegeEscalation"))
			require.Equal(t, true, own.at("readOnlyRootFilesystem"))
			require.Equal(t, []any{"ALL"}, own.at("capabilities", "drop"))
			user := own.at("runAsUser")
			if user == nil {
				user = security.at("runAsUser")
			}
			got, _ := json.Marshal(user)
			require.Equal(t, users[image[1]], string(got), image[1])
			require.NotNil(t, manifest{c}.at("resources", "limits", "memory"), image[1])
			for _, mount := range c["volumeMounts"].([]any) {
				require.Contains(t, volumeNames(pod), mount.(object)["name"])
			}
			for name := range environment(c) {
				require.False(t, setting{name: name}.secret(), "%s is in the environment of %s", name, image[1])
			}
		}
	}
	require.Equal(t, []string{"api", "clamd", "edge", "migrate", "worker"}, slices.Sorted(maps.Keys(seen)))
}

func volumeNames(pod object) []string {
	var found []string
	for _, v := range pod["volumes"].([]any) {
		found = append(found, v.(object)["name"].(string))
	}
	return found
}

// TestClamdIsBesideTheWorker: it starts before, ends after, and shares the socket.
func TestClamdIsBesideTheWorker(t *testing.T) {
	t.Parallel()
	pod, _ := rendered(t).one(t, "Deployment", "school-satchel-worker").pod()
	require.EqualValues(t, 1010, pod["securityContext"].(object)["fsGroup"], "the group of the socket")
	beside := pod["initContainers"].([]any)
	require.Len(t, beside, 2)
	for i, name := range []string{"freshclam", "clamd"} { // the first signatures are on their way when clamd waits for them
		require.Equal(t, name, beside[i].(object)["name"])
		require.Equal(t, "Always", beside[i].(object)["restartPolicy"])
	}
	require.Nil(t, beside[0].(object)["startupProbe"], "clamd would wait for it")
	require.NotNil(t, beside[1].(object)["startupProbe"], "the worker waits for it")
	worker := containers(pod)[2]
	socket := environment(worker)["SATCHEL_CLAMD_SOCKET"]
	for _, c := range []object{beside[1].(object), worker} {
		require.True(t, slices.ContainsFunc(c["volumeMounts"].([]any), func(m any) bool {
			return m.(object)["name"] == "scanner" && m.(object)["mountPath"] == filepath.Dir(socket)
		}))
	}
}

// TestNoRequestFailsWhileAPodLeaves: what must be so for it. make kube shows it.
func TestNoRequestFailsWhileAPodLeaves(t *testing.T) {
	t.Parallel()
	all := rendered(t)
	api := all.one(t, "Deployment", "school-satchel-api")
	require.EqualValues(t, 0, api.at("spec", "strategy", "rollingUpdate", "maxUnavailable"))
	require.Equal(t, "/readyz?for=traffic", api.at("spec", "template", "spec", "containers", 0, "readinessProbe", "httpGet", "path"), "Temporal's absence must not end the service")
	require.Greater(t, api.at("spec", "template", "spec", "containers", 0, "readinessProbe", "timeoutSeconds"), 2, "a check takes two seconds")
	pause := api.at("spec", "template", "spec", "containers", 0, "lifecycle", "preStop", "sleep", "seconds").(int)
	require.Positive(t, pause)
	require.GreaterOrEqual(t, api.at("spec", "template", "spec", "terminationGracePeriodSeconds"), pause+25)
	worker := all.one(t, "Deployment", "school-satchel-worker")
	require.GreaterOrEqual(t, worker.at("spec", "template", "spec", "terminationGracePeriodSeconds"), 40+20)
	for _, part := range []string{"api", "worker"} {
		budget := all.one(t, "PodDisruptionBudget", "school-satchel-"+part)
		require.EqualValues(t, 1, budget.at("spec", "maxUnavailable"))
		require.Equal(t, budget.at("spec", "selector"), all.one(t, "Deployment", "school-satchel-"+part).at("spec", "selector"))
	}
	migrate := all.one(t, "Job", "school-satchel-migrate")
	require.Equal(t, "pre-install,pre-upgrade", migrate.at("metadata", "annotations", "helm.sh/hook"))
	require.Nil(t, migrate.at("spec", "template", "spec", "serviceAccountName"), "an account of the release is not there yet")
}

// TestVersionedWorkers: a build is promoted by its own image when its pods are ready, and back, and the workers of the
// release before stay as long as their tag is named.
func TestVersionedWorkers(t *testing.T) {
	t.Parallel()
	for _, m := range rendered(t) {
		require.NotContains(t, []string{"school-satchel-promote", "school-satchel-worker-previous"}, m.name())
	}
	all := rendered(t, everything...)
	promote := all.one(t, "Job", "school-satchel-promote")
	require.Equal(t, "post-upgrade,post-rollback", promote.at("metadata", "annotations", "helm.sh/hook"))
	now, before := all.one(t, "Deployment", "school-satchel-worker"), all.one(t, "Deployment", "school-satchel-worker-previous")
	image := func(m manifest) any { return m.at("spec", "template", "spec", "containers", 0, "image") }
	require.Equal(t, image(now), image(promote))
	require.Equal(t, []any{"promote", "--timeout", "15m"}, promote.at("spec", "template", "spec", "containers", 0, "args"))
	alone := rendered(t, "--set-string", "settings.SATCHEL_WORKER_VERSIONING=true").one(t, "Job", "school-satchel-promote")
	require.Equal(t, []any{"promote", "--timeout", "15m", "--release"}, alone.at("spec", "template", "spec", "containers", 0, "args"), "what they began would wait for the workers of before")
	require.Equal(t, "registry.school.example/platform/satchel/worker:1.2.2", image(before))
	require.EqualValues(t, 1, before.at("spec", "replicas"))
	require.NotEqual(t, now.at("spec", "selector"), before.at("spec", "selector"), "two Deployments would take each other's pods")
	for _, m := range []manifest{now, before, promote} {
		require.Equal(t, "true", environment(m.at("spec", "template", "spec", "containers", 0).(object))["SATCHEL_WORKER_VERSIONING"], m.name())
	}
	monitored := all.one(t, "ServiceMonitor", "school-satchel-worker").at("spec", "selector", "matchLabels").(object)
	service := all.one(t, "Service", "school-satchel-worker-previous")
	for name, value := range monitored {
		require.Equal(t, value, service.at("metadata", "labels", name), "their metrics are read too")
	}
	require.Equal(t, before.at("spec", "selector", "matchLabels"), service.at("spec", "selector"))
}

// TestPodsReachWhatIsNamed: each pod is denied everything, and has a policy that names what it needs.
func TestPodsReachWhatIsNamed(t *testing.T) {
	t.Parallel()
	all := rendered(t, everything...)
	deny := all.one(t, "NetworkPolicy", "school-satchel-default-deny")
	require.Equal(t, []any{"Ingress", "Egress"}, deny.at("spec", "policyTypes"))
	require.Nil(t, deny.at("spec", "ingress"))
	require.Nil(t, deny.at("spec", "egress"))
	for _, m := range all {
		if _, ok := m.pod(); !ok {
			continue
		}
		labels := m.at("spec", "template", "metadata", "labels").(object)
		for name, value := range deny.at("spec", "podSelector", "matchLabels").(object) {
			require.Equal(t, value, labels[name], "%s escapes the policy", m.name())
		}
		named := all.one(t, "NetworkPolicy", m.name())
		require.Equal(t, labels["app.kubernetes.io/component"], named.at("spec", "podSelector", "matchLabels", "app.kubernetes.io/component"))
	}
	edge := all.one(t, "NetworkPolicy", "school-satchel-edge")
	require.Len(t, edge.at("spec", "egress"), 1, "the edge reaches the API alone")
	text, err := json.Marshal(all.one(t, "NetworkPolicy", "school-satchel-worker").object)
	require.NoError(t, err)
	require.Contains(t, string(text), "169.254.0.0/16", "a webhook must not reach the cloud's metadata")
	require.NotContains(t, string(text), `"port":8400`)
}

// TestWithoutAnEdge: its listener is closed, and no program has its secrets.
func TestWithoutAnEdge(t *testing.T) {
	t.Parallel()
	all := rendered(t, "--set", "edge.enabled=false")
	text, err := json.Marshal(all)
	require.NoError(t, err)
	require.NotContains(t, strings.ToLower(string(text)), "edge")
	pod, _ := rendered(t, "--set", "edge.enabled=false", "--set", "edge.externalListener=true").one(t, "Deployment", "school-satchel-api").pod()
	require.Equal(t, ":8402", environment(containers(pod)[0])["SATCHEL_EDGE_LISTEN"])
	require.Contains(t, environment(containers(pod)[0]), "SATCHEL_EDGE_KEYS_FILE")
}

// TestWhatIsWatched: rules and boards ask for the names of these jobs, KEDA for a metric that workers show.
func TestWhatIsWatched(t *testing.T) {
	t.Parallel()
	all := rendered(t, everything...)
	var rules object
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "rules.yaml")), &rules))
	require.Equal(t, rules["groups"], all.one(t, "PrometheusRule", "school-satchel-rules").at("spec", "groups"))
	for part, count := range map[string]int{"api": 1, "worker": 2} { // the workers of the release before too
		m := all.one(t, "ServiceMonitor", "school-satchel-"+part)
		require.Equal(t, "satchel-"+part, m.at("spec", "endpoints", 0, "relabelings", 0, "replacement"))
		require.Contains(t, read(t, "../images/monitor/prometheus.yaml"), "job_name: satchel-"+part)
		selects := m.at("spec", "selector", "matchLabels").(object)
		services := slices.DeleteFunc(slices.Clone(all), func(s manifest) bool {
			if s.kind() != "Service" {
				return true
			}
			labels := s.at("metadata", "labels").(object)
			for name, value := range selects {
				if labels[name] != value {
					return true
				}
			}
			return false
		})
		require.Len(t, services, count)
	}
	scaled := all.one(t, "ScaledObject", "school-satchel-worker")
	require.Equal(t, "school-satchel-worker", scaled.at("spec", "scaleTargetRef", "name"))
	require.Nil(t, all.one(t, "Deployment", "school-satchel-worker").at("spec", "replicas"), "an upgrade would undo what KEDA did")
	query := scaled.at("spec", "triggers", 0, "metadata", "query").(string)
	require.Contains(t, read(t, "../../docs/operating.md"), regexp.MustCompile(`satchel_\w+`).FindString(query))
}

// TestNotes: what is said after an installation names what is there.
func TestNotes(t *testing.T) {
	t.Parallel()
	out, complaints, err := helm(t, "install", "school", ".", "--dry-run=client", "--values", "testdata/values.yaml", "--set", "worker.replicas=1")
	require.NoError(t, err, complaints)
	_, notes, found := strings.Cut(out, "NOTES:")
	require.True(t, found)
	for _, part := range []string{"https://files.school.example", "service school-satchel-edge", "SATCHEL_TRUSTED_PROXIES is not set", "One worker"} {
		require.Contains(t, notes, part)
	}
}
