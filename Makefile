# `make help` says what there is. Settings of the server are environment variables, or ARGS:
#   make run ARGS='--listen 127.0.0.1:9000'

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:
.PHONY: help run demo test check test-rust test-ui wasm test-wasi bench lambda audit ui setup clean

CARGO ?= cargo
# From a terminal, Ctrl-C reaches what is being bounded.
LIMIT := timeout $(shell [ -t 0 ] && echo --foreground) --kill-after=30

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup ui-if-possible ## Build everything and serve on http://127.0.0.1:8000, with SQLite in ./data
	$(CARGO) run --release --locked -p host-axum --bin command-center -- serve $(ARGS)

demo: setup ui-if-possible ## The same against a built-in imitation of the CRM, with its data in ./data/demo
	$(CARGO) run --release --locked -p host-axum --bin command-center -- serve --demo $(ARGS)

test: setup ui-if-possible check test-rust test-wasi test-ui ## Everything that CI runs

check: setup ## Format, lints, floors, no runtime in the core, wasm, licences, alert rules
	@.ci/check

test-rust: setup
	$(LIMIT) 40m $(CARGO) test --workspace --features host-axum/otel,host-lambda/otel --locked

wasm: setup ## Build the WebAssembly component, with the web app in it
	@.ci/wasm build

test-wasi: setup ## The WebAssembly component in an embedded Wasmtime, and on Node
	@.ci/wasm test

bench: setup ## Measure, and print a table beside the goals
	$(CARGO) run --release --locked -p bench
	@$(MAKE) lambda
	LAMBDA_BOOTSTRAP=$(CURDIR)/target/lambda/bootstrap $(CARGO) run --quiet --locked -p host-conformance --bin lambda-start
	@.ci/wasm bench

lambda: setup ui-if-possible ## Build target/lambda/bootstrap.zip for AWS Lambda, for this machine's architecture
	$(CARGO) build --profile lambda --locked -p host-lambda --bin bootstrap
	cd target/lambda && rm -f bootstrap.zip && python3 -m zipfile -c bootstrap.zip bootstrap

audit: ## Known vulnerabilities in what is depended upon (needs the network)
	$(CARGO) deny --locked check advisories
	[ ! -f ui/package-lock.json ] || npm --prefix ui audit --omit=dev

setup:
	@.ci/setup.sh

clean: ## Remove what was built; ./data stays
	$(CARGO) clean
	rm -rf ui/node_modules ui/dist

# --- the web app --------------------------------------------------------------------------------------
# Without package.json there is nothing to do; without Node the binary embeds a placeholder page.

UI_PACKAGE := $(wildcard ui/package.json)
UI_SOURCES := $(if $(UI_PACKAGE),$(shell find ui -type f -not -path 'ui/node_modules/*' -not -path 'ui/dist/*' \
  -not -path 'ui/test-results/*' -not -name '*.rs'))

ui: $(if $(UI_PACKAGE),ui/dist/index.html) ## Build the web app (Node 20.19 or newer)

ui/node_modules/.package-lock.json: ui/package-lock.json
	$(LIMIT) 10m npm --prefix ui ci --no-audit --no-fund --loglevel=error < /dev/null
	@mkdir -p $(@D) && touch $@

ui/dist/index.html: ui/node_modules/.package-lock.json $(UI_SOURCES)
	npm --prefix ui run build

.PHONY: ui-if-possible
ui-if-possible:
ifneq ($(UI_PACKAGE),)
	@if ! command -v npm > /dev/null; then \
	  echo "without Node the web app is a placeholder page; the API is whole"; \
	elif ! $(MAKE) ui; then \
	  echo "the web app could not be built: what was built before is served, or a placeholder page"; \
	fi
endif

# Against the program itself, with the app as it was built inside.
test-ui: setup
ifeq ($(UI_PACKAGE),)
	@echo "ui: no package.json, nothing to test"
else
	@if ! command -v npm > /dev/null; then \
	  echo "ui: skipped, there is no Node (20.19 or newer)"; [ "$${CI:-}" != true ]; exit; \
	fi; \
	$(MAKE) ui; \
	for script in lint typecheck test; do $(LIMIT) 10m npm --prefix ui run "$$script" < /dev/null; done; \
	if ! .ci/setup.sh browser; then \
	  echo "ui: the tests in a browser are skipped, there is no Chromium"; [ "$${CI:-}" != true ]; exit; \
	fi; \
	$(CARGO) build --locked -p host-axum -p host-lambda --bins; \
	$(LIMIT) 15m npm --prefix ui run e2e < /dev/null
endif
