package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"satchel/internal/devstack"
)

// kube is a run on a node of Kubernetes: helm does what an operator does.
type kube struct {
	upgrade

	helm, demo, chart, values, kubeconfig, listen string

	url    string
	token  string
	client *http.Client
}

const (
	kubeNamespace = "platform"
	kubeRelease   = "school"
	helmPatience  = "15m"
)

func kubeCommand() *cobra.Command {
	k := &kube{}
	var asJSON bool
	cmd := &cobra.Command{
		Use: "kube", Short: "Install the chart, upgrade it, take it back and uninstall it while clients use it", Args: cobra.NoArgs,
		Long: `The chart is installed with images of the tag "old", upgraded to those of the tag "new", rolled back and
uninstalled, by helm, while clients send and read files by the address of the API's Service. It fails when a request
failed other than by 503 with Retry-After, when an upload was lost, or when something of the release is left.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			k.say = cmd.ErrOrStderr()
			k.ledger = filepath.Join(filepath.Dir(k.stackFile), "log", "kube-ledger.jsonl")
			k.result.Old, k.result.New, k.result.Rate = "old", "new", k.rate
			err := k.run(cmd.Context())
			if err := errors.Join(err, k.result.print(cmd.OutOrStdout(), asJSON)); err != nil {
				return err
			}
			if k.result.wrongs() > 0 {
				return errNotZero
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&k.stackFile, "stack", ".local/satchel.json", "satchel.json of the stack beside the node")
	cmd.Flags().StringVar(&k.helm, "helm", "helm", "the program helm")
	cmd.Flags().StringVar(&k.demo, "demo", "demo", "the program demo of the local stack")
	cmd.Flags().StringVar(&k.chart, "chart", "deploy/chart", "folder of the chart")
	cmd.Flags().StringVar(&k.values, "values", "", "values of the chart")
	cmd.Flags().StringVar(&k.kubeconfig, "kubeconfig", "", "how the API server is reached, as JSON, with a token")
	cmd.Flags().StringVar(&k.listen, "listen", "127.0.0.1:8400", "address that leads to the API's Service, as SATCHEL_API_URL names it")
	cmd.Flags().IntVar(&k.rate, "rate", 5, "uploads a second at most")
	cmd.Flags().IntVar(&k.clients, "clients", 4, "how many clients send side by side")
	cmd.Flags().DurationVar(&k.hold, "hold", 15*time.Second, "how long each state is held")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (k *kube) run(ctx context.Context) error {
	if err := k.connect(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := k.step("helm install", func() error {
		return k.do(ctx, "install", kubeRelease, k.chart, "--values", k.values, "--set", "image.tag=old", "--wait")
	}); err != nil {
		return err
	}
	ended, err := k.setUp(ctx)
	if err != nil {
		return err
	}
	defer ended()
	defer cancel() // before the relay's end is waited for
	if err = k.traffic.during(ctx, cancel, k.rate, k.clients, k.underLoad); err != nil {
		return err
	}
	if k.worker, err = k.aWorker(ctx); err != nil {
		return err
	}
	if err := k.judge(ctx); err != nil {
		return err
	}
	return k.step("helm uninstall", func() error { return k.uninstall(ctx) })
}

// setUp leads the address of the API to its Service, and makes a school.
func (k *kube) setUp(ctx context.Context) (ended func(), err error) {
	var service struct{ Spec struct{ ClusterIP string } }
	if err := k.get(ctx, "services/"+kubeRelease+"-satchel-api", &service); err != nil {
		return nil, err
	}
	if ended, err = relay(ctx, k.listen, net.JoinHostPort(service.Spec.ClusterIP, "8400")); err != nil {
		return nil, err
	}
	if out, err := exec.CommandContext(ctx, k.demo, "prepare", "--stack", k.stackFile).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("demo prepare: %w: %s", err, bytes.TrimSpace(out))
	}
	if k.Stack, err = devstack.Read(k.stackFile); err != nil {
		return nil, err
	}
	return ended, k.provision(ctx)
}

func (k *kube) underLoad(ctx context.Context) error {
	hold := func() error { return pause(ctx, k.hold) }
	for _, s := range []struct {
		name string
		do   func() error
	}{
		{"the release before", hold},
		{"helm upgrade", func() error {
			return k.do(ctx, "upgrade", kubeRelease, k.chart, "--values", k.values, "--set", "image.tag=new", "--wait")
		}},
		{"the new release", hold},
		{"helm rollback", func() error { return k.do(ctx, "rollback", kubeRelease, "1", "--wait") }},
		{"the release before again", hold},
	} {
		if err := k.step(s.name, s.do); err != nil {
			return err
		}
	}
	return nil
}

// step notes what clients met in it.
func (k *kube) step(name string, do func() error) error {
	now := func() counts {
		if k.traffic.counter == nil {
			return counts{} // nothing is sent yet
		}
		return k.traffic.now()
	}
	before, began := now(), time.Now()
	err := do()
	s := stepResult{Name: name, Took: time.Since(began).Seconds(), counts: now().less(before)}
	k.result.Steps = append(k.result.Steps, s)
	_, _ = fmt.Fprintf(k.say, "  %s: %.1f s, %d requests, %d uploads, %d failed\n", s.Name, s.Took, s.Requests, s.Uploads, s.Failed)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// do runs helm.
func (k *kube) do(ctx context.Context, arguments ...string) error {
	arguments = append(arguments, "--kubeconfig", k.kubeconfig, "--namespace", kubeNamespace, "--timeout", helmPatience)
	out, err := exec.CommandContext(ctx, k.helm, arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// uninstall waits until no pod of the release is left but that of the job migrate, which stays.
func (k *kube) uninstall(ctx context.Context) error {
	if err := k.do(ctx, "uninstall", kubeRelease); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		pods, err := k.pods(ctx, "app.kubernetes.io/component!=migrate")
		if err == nil && len(pods) == 0 {
			return nil
		}
		if over := pause(ctx, time.Second); over != nil {
			return errors.Join(fmt.Errorf("%d pods are left", len(pods)), over, err)
		}
	}
}

// aWorker is one of the workers that run at the end.
func (k *kube) aWorker(ctx context.Context) (*program, error) {
	pods, err := k.pods(ctx, "app.kubernetes.io/component=worker")
	if err != nil {
		return nil, err
	}
	for _, p := range pods {
		if p.Metadata.DeletionTimestamp == "" && p.Status.PodIP != "" {
			return &program{name: p.Metadata.Name, metrics: "http://" + net.JoinHostPort(p.Status.PodIP, "9090")}, nil
		}
	}
	return nil, errors.New("no worker runs")
}

type kubePod struct {
	Metadata struct{ Name, DeletionTimestamp string }
	Status   struct{ PodIP string }
}

func (k *kube) pods(ctx context.Context, labels string) ([]kubePod, error) {
	var list struct{ Items []kubePod }
	err := k.get(ctx, "pods?labelSelector=app.kubernetes.io/instance="+kubeRelease+","+labels, &list)
	return list.Items, err
}

// connect reads the kubeconfig.
func (k *kube) connect() error {
	text, err := os.ReadFile(k.kubeconfig)
	if err != nil {
		return err
	}
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server    string
				Authority string `json:"certificate-authority"`
			}
		}
		Users []struct{ User struct{ Token string } }
	}
	if err := json.Unmarshal(text, &config); err != nil || len(config.Clusters) == 0 || len(config.Users) == 0 {
		return errors.Join(fmt.Errorf("%s is no kubeconfig in JSON with a cluster and a user", k.kubeconfig), err)
	}
	authority, err := os.ReadFile(config.Clusters[0].Cluster.Authority)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(authority) {
		return errors.Join(errors.New("the certificate of the API server cannot be read"), err)
	}
	k.url, k.token = config.Clusters[0].Cluster.Server, config.Users[0].User.Token
	k.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}}}
	return nil
}

func (k *kube) get(ctx context.Context, what string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url+"/api/v1/namespaces/"+kubeNamespace+"/"+what, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+k.token)
	resp, err := k.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask Kubernetes for %s: %w", what, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask Kubernetes for %s: %s", what, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// relay leads each connection to one of its own at another address. What is refused there is cut here.
func relay(ctx context.Context, listen, to string) (ended func(), err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("the way to the API: %w", err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { lead(ctx, from, to) })
		}
	})
	context.AfterFunc(ctx, func() { _ = l.Close() })
	return running.Wait, nil
}

// lead ends when one side has.
func lead(ctx context.Context, from net.Conn, to string) {
	defer func() { _ = from.Close() }()
	there, err := (&net.Dialer{Timeout: probeTimeout}).DialContext(ctx, "tcp", to)
	if err != nil {
		return
	}
	stop := context.AfterFunc(ctx, func() { _ = there.Close() })
	defer stop()
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(from, there)
		_ = from.Close()
	})
	_, _ = io.Copy(there, from)
	_ = there.Close()
	back.Wait()
}
