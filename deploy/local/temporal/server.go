package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
	sqliteschema "go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	clusterName = "active"
	// retention is how long a closed workflow can still be looked at in the UI.
	retention = 3 * 24 * time.Hour
)

// newServer prepares the database and assembles the four services of Temporal into one process.
func newServer(o options, logger log.Logger) (temporal.Server, error) {
	database := o.database(o.databaseFile)
	if err := o.prepareDatabase(database); err != nil {
		return nil, err
	}
	ports, err := freePorts(o.ip, 3)
	if err != nil {
		return nil, err
	}
	hosts := map[primitives.ServiceName]string{
		primitives.FrontendService: o.frontend(),
		primitives.HistoryService:  net.JoinHostPort(o.ip, strconv.Itoa(ports[0])),
		primitives.MatchingService: net.JoinHostPort(o.ip, strconv.Itoa(ports[1])),
		primitives.WorkerService:   net.JoinHostPort(o.ip, strconv.Itoa(ports[2])),
	}
	static, services, err := o.services(hosts)
	if err != nil {
		return nil, err
	}
	return temporal.NewServer(
		temporal.WithConfig(o.config(database, services)),
		temporal.ForServices(temporal.DefaultServices),
		// Without fixed hosts the services look for each other by gossip, which takes seconds.
		temporal.WithStaticHosts(static),
		temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper {
			return authorization.NewNoopClaimMapper()
		}),
		temporal.WithDynamicConfigClient(o.dynamicConfig),
	)
}

func (o options) services(hosts map[primitives.ServiceName]string) (
	map[primitives.ServiceName]static.Hosts, map[string]config.Service, error,
) {
	membership := map[primitives.ServiceName]static.Hosts{}
	services := map[string]config.Service{}
	for name, host := range hosts {
		_, text, err := net.SplitHostPort(host)
		if err != nil {
			return nil, nil, err
		}
		port, err := strconv.Atoi(text)
		if err != nil {
			return nil, nil, err
		}
		rpc := config.RPC{GRPCPort: port, BindOnIP: o.ip}
		if name == primitives.FrontendService {
			rpc.HTTPPort = o.httpPort
		}
		membership[name] = static.SingleLocalHost(host)
		services[string(name)] = config.Service{RPC: rpc}
	}
	return membership, services, nil
}

func (o options) config(database *config.SQL, services map[string]config.Service) *config.Config {
	c := &config.Config{
		Global: config.Global{Membership: config.Membership{BroadcastAddress: o.ip, MaxJoinDuration: 30 * time.Second}},
		Persistence: config.Persistence{
			DefaultStore:     sqlite.PluginName,
			VisibilityStore:  sqlite.PluginName,
			NumHistoryShards: 1,
			DataStores:       map[string]config.DataStore{sqlite.PluginName: {SQL: database}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: o.frontend()},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            services,
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
		PublicClient: config.PublicClient{HostPort: o.frontend()},
	}
	if o.metricPort != 0 {
		c.Global.Metrics = &metrics.Config{Prometheus: &metrics.PrometheusConfig{
			ListenAddress: net.JoinHostPort(o.ip, strconv.Itoa(o.metricPort)),
			HandlerPath:   "/metrics",
		}}
	}
	return c
}

func (o options) database(file string) *config.SQL {
	c := &config.SQL{
		PluginName:        sqlite.PluginName,
		DatabaseName:      file,
		ConnectAttributes: map[string]string{"mode": "rwc"},
	}
	for name, value := range o.pragmas {
		c.ConnectAttributes[name] = value
	}
	if file == "" {
		c.DatabaseName = fmt.Sprintf("satchel-%d", os.Getpid())
		c.ConnectAttributes = map[string]string{"mode": "memory", "cache": "shared"}
	}
	return c
}

func (o options) prepareDatabase(database *config.SQL) error {
	if o.databaseFile != "" {
		if err := o.createSchema(); err != nil {
			return fmt.Errorf("create the database %s: %w", o.databaseFile, err)
		}
	}
	for _, name := range o.namespaces {
		namespace, err := sqliteschema.NewNamespaceConfig(clusterName, name, false, o.searchAttributes)
		if err != nil {
			return fmt.Errorf("describe namespace %s: %w", name, err)
		}
		namespace.Detail.Config.Retention = durationpb.New(retention)
		if err := sqliteschema.CreateNamespaces(database, namespace); err != nil {
			return fmt.Errorf("create namespace %s: %w; if the file is damaged, remove it and start again", name, err)
		}
	}
	return nil
}

// createSchema makes the schema once, in a file of another name that is renamed when it is complete: a start that was
// killed half way leaves nothing that the next one would take for a finished database. The schema of an existing file
// is never migrated, so the file's name should carry the server's version.
//
// The driver's pool keeps the connection open for good. With a rollback journal instead of the write-ahead log it holds
// neither a lock nor a second file once the last statement is through, so the file can be renamed under it.
func (o options) createSchema() error {
	_, err := os.Stat(o.databaseFile)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	unfinished := o.databaseFile + ".unfinished"
	for _, suffix := range []string{"", "-journal"} {
		if err := os.RemoveAll(unfinished + suffix); err != nil {
			return err
		}
	}
	database := o.database(unfinished)
	database.ConnectAttributes = map[string]string{"mode": "rwc", "journal_mode": "delete", "synchronous": "off"}
	if err := sqliteschema.SetupSchema(database); err != nil {
		return err
	}
	if err := syncFile(unfinished); err != nil {
		return err
	}
	return os.Rename(unfinished, o.databaseFile)
}

func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// freePorts finds ports of the address for the services behind the frontend. They are held open together so that they
// differ; a port that somebody takes in the moment before the service binds it fails the start, and the supervisor
// starts us again.
func freePorts(ip string, n int) ([]int, error) {
	var ports []int
	for range n {
		listener, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = listener.Close() }()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
