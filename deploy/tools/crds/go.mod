module satchel/deploy/tools/crds

go 1.26.8

toolchain go1.27.3

// Nothing is built from these: their folders of definitions are read from the module cache.
require (
	github.com/kedacore/keda/v2 v2.21.0 // config/crd/bases
	github.com/prometheus-operator/prometheus-operator v0.85.0 // example/prometheus-operator-crd
)
