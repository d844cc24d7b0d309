# Every target says what it does; `make help` lists them.
# Nothing here needs more than Go unless its line says so.

GO ?= go

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-15s %s\n", $$1, $$2}'

.PHONY: demo
demo: ## the whole job on a sandbox, narrated; needs nothing
	$(GO) run ./cmd/tenantry demo

.PHONY: build
build: ## build the command into .build/tenantry, without cgo
	CGO_ENABLED=0 $(GO) build -trimpath -o .build/tenantry ./cmd/tenantry

.PHONY: test
test: ## all tests of this module
	$(GO) test ./...

.PHONY: race
race: ## all tests of this module under the race detector (needs a C compiler)
	$(GO) test -race ./...

.PHONY: lint
lint: ## formatting, vet, staticcheck (installed at its pinned version if missing)
	.ci/lint

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (default 10s)
	.ci/fuzz

.PHONY: clients
clients: ## unmodified foreign clients against the sandbox; installs Python, Node, Java and Azure CLI packages into .build
	.ci/clients

.PHONY: browser
browser: ## consent pages in a real browser; installs Debian's chromium if there is none
	.ci/browser

.PHONY: scale
scale: ## sandbox start-up time, and 10,000 tenants of 50 incidents: seconds and memory
	.ci/scale

.PHONY: bench-tokens
bench-tokens: ## tokens, verification and signing beside other libraries, as one table; installs two npm servers into .build
	.ci/bench-tokens

.PHONY: bench-defender
bench-defender: ## decoding, serving and listing incidents beside other libraries and bare HTTP, as one table
	.ci/bench-defender

.PHONY: kql-score
kql-score: ## package kql against recorded answers of the official parser, in ../shared/kql or KQL_DATA; fails below a floor
	$(GO) run ./internal/e2e/kqlscore -data $(or $(KQL_DATA),../shared/kql) $(KQLSCORE)

.PHONY: clean
clean: ## remove what the targets above put into .build
	rm -rf .build
