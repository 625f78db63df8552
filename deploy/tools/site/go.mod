module satchel/deploy/tools/site

go 1.26.8

toolchain go1.27.3

require (
	github.com/yuin/goldmark v1.8.7
	go.yaml.in/yaml/v3 v3.0.5
)
