package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/dynamicconfig"
	"gopkg.in/yaml.v3"
)

// options is what the command line says, checked.
type options struct {
	ip, uiIP                           string
	port, uiPort, httpPort, metricPort int
	headless                           bool
	databaseFile                       string // empty: in memory
	namespaces                         []string
	logLevel, logFormat                string
	searchAttributes                   map[string]enumspb.IndexedValueType
	dynamicConfig                      dynamicconfig.StaticClient
	pragmas                            map[string]string
}

func (o options) frontend() string { return net.JoinHostPort(o.ip, strconv.Itoa(o.port)) }

func parseOptions(args []string) (options, error) {
	o := options{
		searchAttributes: map[string]enumspb.IndexedValueType{},
		// Nothing that runs on a developer's machine tells a public host about it.
		dynamicConfig: dynamicconfig.StaticClient{dynamicconfig.EnableServerVersionCheck.Key(): false},
		pragmas:       map[string]string{},
	}
	flags := o.flagSet()
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(0)
		}
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return o.complete()
}

func (o *options) flagSet() *flag.FlagSet {
	f := flag.NewFlagSet("temporal server start-dev", flag.ContinueOnError)
	f.StringVar(&o.ip, "ip", "127.0.0.1", "address of the frontend; loopback only")
	f.IntVar(&o.port, "port", 7233, "port of the frontend")
	f.StringVar(&o.uiIP, "ui-ip", "", "address of the UI; default that of the frontend")
	f.IntVar(&o.uiPort, "ui-port", 0, "port of the UI; default the frontend's + 1000")
	f.IntVar(&o.httpPort, "http-port", 0, "port of the HTTP API; 0 is none")
	f.IntVar(&o.metricPort, "metrics-port", 0, "port of /metrics; 0 is none")
	f.BoolVar(&o.headless, "headless", false, "no UI")
	f.StringVar(&o.databaseFile, "db-filename", "", "SQLite file; empty keeps everything in memory")
	f.StringVar(&o.logLevel, "log-level", "warn", "debug, info, warn or error")
	f.StringVar(&o.logFormat, "log-format", "text", "text or json")
	f.Func("namespace", "namespace to create; may be given several times", func(s string) error {
		o.namespaces = append(o.namespaces, s)
		return nil
	})
	f.Func("search-attribute", "NAME=TYPE; may be given several times", o.addSearchAttribute)
	f.Func("dynamic-config-value", "KEY=VALUE; may be given several times", o.addDynamicConfig)
	f.Func("sqlite-pragma", "NAME=VALUE; may be given several times", func(s string) error {
		name, value, err := pair(s)
		o.pragmas[name] = value
		return err
	})
	return f
}

// complete sets the options that depend on other flags and refuses those that
// would expose the server to the network.
func (o options) complete() (options, error) {
	if o.uiIP == "" {
		o.uiIP = o.ip
	}
	if o.uiPort == 0 {
		o.uiPort = o.port + 1000
	}
	if len(o.namespaces) == 0 {
		o.namespaces = []string{"default"}
	}
	if o.logFormat == "pretty" { // the CLI's word for text
		o.logFormat = "text"
	}
	for _, ip := range []string{o.ip, o.uiIP} {
		if parsed := net.ParseIP(ip); parsed == nil || !parsed.IsLoopback() {
			return options{}, fmt.Errorf("%q is not a loopback address; this server has no authentication, use 127.0.0.1", ip)
		}
	}
	return o, nil
}

func (o *options) addSearchAttribute(s string) error {
	name, kind, err := pair(s)
	if err != nil {
		return err
	}
	o.searchAttributes[name], err = enumspb.IndexedValueTypeFromString(kind)
	return err
}

func (o *options) addDynamicConfig(s string) error {
	key, text, err := pair(s)
	if err != nil {
		return err
	}
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return fmt.Errorf("value of %s: %w", key, err)
	}
	o.dynamicConfig[dynamicconfig.MakeKey(key)] = value
	return nil
}

func pair(s string) (name, value string, err error) {
	name, value, found := strings.Cut(s, "=")
	if !found || name == "" {
		return "", "", fmt.Errorf("%q is not NAME=VALUE", s)
	}
	return name, value, nil
}
