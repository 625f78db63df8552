# Satchel. `make help` lists what can be made; the work is done by the scripts of deploy/local.

.DEFAULT_GOAL := help
.PHONY: help run build test unit e2e bench drill chaos upgrade site images verify images-check chart kube-api kube contracts presidio pictures pictures-check vitals judge lint generate status logs stop clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## install what is missing, start everything, send samples, serve until Ctrl-C (ONCE=1: end after the samples; WATCH=1: build and restart on each saved Go file)
	@exec deploy/local/run.sh

build: ## install what is missing and build every program into .local/bin
	@exec deploy/local/build.sh

test: ## everything, in stacks of their own
	@exec deploy/local/test.sh

unit: ## all tests but the end-to-end ones, with the race detector (ARGS='./tenancy/... -run Name')
	@exec deploy/local/unit.sh $(ARGS)

e2e: ## the end-to-end tests against a stack of their own (ARGS='-run Name')
	@exec deploy/local/e2e.sh $(ARGS)

bench: ## the benchmarks of docs/performance.md, against a stack of their own
	@exec deploy/local/bench.sh $(ARGS)

drill: ## a restore under load: back up, kill, wipe, restore, check; prints RPO and RTO (ARGS='-files=100000': so many files besides; docs/backup.md)
	@exec deploy/local/drill.sh $(ARGS)

chaos: ## 10,000 uploads under 200 SIGKILLs, judged by the clients' own ledger, against a stack of its own (ARGS='--uploads 1000 --kills 20', ARGS=--help; docs/failures.md)
	@exec deploy/local/chaos.sh $(ARGS)

upgrade: ## from an earlier revision to this one and back under load, 0 requests failed (FROM=revision, ARGS='--rate 50', ARGS=--help; docs/upgrading.md)
	@FROM='$(FROM)' exec deploy/local/upgrade.sh $(ARGS)

site: ## the documentation as a static site in .local/site, with its links checked (SOURCE=address of the repository's files, for links to code)
	@GOWORK=off go run -C deploy/tools/site -trimpath . -source "$(SOURCE)" "$(CURDIR)" "$(CURDIR)/.local/site"
	@deploy/images/release.sh sign "$(CURDIR)/.local/site"

images: ## the container images of deploy/images, with lists of modules and licenses (ARGS='api worker'; docs/containers.md)
	@exec deploy/images/build.sh $(ARGS)

verify: ## a release against the key that signed it (FOLDER=.local/images/release SIGNERS=file of ssh-keygen IDENTITY=name ENGINE=yes: the engine's images too)
	@exec deploy/images/release.sh verify "$(or $(FOLDER),.local/images/release)" "$(SIGNERS)" "$(IDENTITY)" $(ENGINE)

images-check: ## runs each image without root, capabilities and a writable root, and compares a second build of the programs
	@exec deploy/images/check.sh $(ARGS)

chart: ## the Helm chart: lint, and what it renders (docs/kubernetes.md)
	@exec deploy/local/chart.sh

kube-api: ## the chart against an API server of Kubernetes, which is built first: ten minutes and more, once
	@exec deploy/local/chart.sh api

kube: ## the chart on a node of Kubernetes: install, upgrade under load, back, uninstall, 0 requests failed; needs root and the images (ARGS='--rate 5', ARGS=--help)
	@exec deploy/local/kube.sh $(ARGS)

contracts: ## the client and the fake of Roblox against the published contract (FILE=roblox-open-cloud.json)
	@test -r "$(FILE)" || { echo "FILE=$(FILE) cannot be read: name the published contract"; exit 2; }
	@SATCHEL_ROBLOX_CONTRACT="$(abspath $(FILE))" go test -trimpath -count=1 -run 'TestTheContract' ./internal/roblox

presidio: ## the detectors of personal data against rows of Microsoft Presidio's recognizer tests (DIR=presidio-analyzer/tests)
	@test -d "$(DIR)" || { echo "DIR=$(DIR) is no folder: name the one with Presidio's recognizer tests"; exit 2; }
	@SATCHEL_PRESIDIO_TESTS="$(abspath $(DIR))" go test -trimpath -count=1 -v -run 'TestPresidioRows' ./policies/pii

pictures: ## take the pictures of the guides in docs/pictures again, with what each says, against a stack of its own (ONLY=teacher: those whose names begin so)
	@PICTURES=write PICTURES_ONLY="$(ONLY)" exec deploy/local/e2e.sh -run TestPicturesOfTheGuides

pictures-check: ## fail where a picture of the guides shows something else than the console does now (ONLY=teacher)
	@PICTURES=check PICTURES_ONLY="$(ONLY)" exec deploy/local/e2e.sh -run TestPicturesOfTheGuides

vitals: ## what the console costs a browser, and files that are sent under faults, against a stack of its own (ARGS='--only list,faults --json FILE')
	@exec deploy/local/vitals.sh $(ARGS)

judge: ## which files of a folder are taken, and why the others are not (DIR=folder, ARGS='--json', ARGS='--clamd socket')
	@exec deploy/local/judge.sh "$(DIR)" $(ARGS)

lint: ## golangci-lint, workflowcheck, govulncheck, shellcheck, and the contract: redocly, a TypeScript client
	@exec deploy/local/lint.sh

generate: ## the query code, checked against a real database
	@exec deploy/local/generate.sh

status: ## the processes of the running stack
	@exec deploy/local/status.sh

logs: ## follow the logs of the running stack
	@cd "$${SATCHEL_LOCAL:-.local}/log" && exec tail -n 20 -F *.log

stop: ## end all processes of the stack
	@exec deploy/local/stop.sh

clean: ## stop, and remove the stack's data, secrets and logs (TOOLS=1: the built tools too)
	@exec deploy/local/clean.sh
