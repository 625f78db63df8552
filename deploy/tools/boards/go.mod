module satchel/deploy/tools/boards

go 1.26.8

toolchain go1.27.3

require github.com/grafana/grafana-foundation-sdk/go v0.0.22
