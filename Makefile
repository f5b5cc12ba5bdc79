# OpenShift AI Platform. `make` lists the targets.
# Everything runs on the Node that package-lock.json pins, whatever the machine has.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

STACK ?= dev
export STACK PLATFORM FLAVOR CLUSTER ADDONS CONTEXT OUT PROMPT MODEL BY TIME RESULTS

BIN := node_modules/.bin
NODE := $(BIN)/node --import tsx
TOOL := $(NODE) tools/main.ts
MOCHA := $(NODE) node_modules/mocha/bin/mocha.js

.PHONY: help
help: ## list the targets
	@printf 'OpenShift AI Platform\n\n'
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'
	@printf '\nVariables: STACK=dev|staging|production · PLATFORM=openshift|kubernetes · FLAVOR=real|simulated · CLUSTER=name · ADDONS=name,… · CONTEXT=name · OUT=dir · BY=name · PROMPT=text · MODEL=name · ARGS=…\n'
	@printf 'dev runs in real containers where it can; staging and production on simulated nodes, sized as in their files (FLAVOR=real: small, in containers).\n'
	@printf 'Two stacks on one cluster: make up STACK=production; make up STACK=staging CLUSTER=production-simulated. The first one manages it.\n'
	@printf 'Controllers beside the stack: make up ADDONS=monitoring,rollouts,autoscaling (any of them). The cluster keeps them until make clean, and its stacks use them.\n'

# `npm ci` starts from an empty folder, so a half-done install is never used.
node_modules/.installed: package.json package-lock.json
	@command -v npm >/dev/null || { echo 'npm is not on PATH. Fix: install Node.js 20.19 or newer, which brings npm'; exit 1; }
	@echo 'installing the packages that package-lock.json pins…'
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: up
up: node_modules/.installed ## bring up the stack on an embedded cluster and show what runs
	@$(TOOL) up

.PHONY: ask
ask: node_modules/.installed ## ask the model: make ask PROMPT=hello [MODEL=name]
	@$(TOOL) ask

.PHONY: open
open: node_modules/.installed ## forward the platform's services to loopback and print the addresses
	@$(TOOL) open

.PHONY: status
status: node_modules/.installed ## what runs, and what does not
	@$(TOOL) status

.PHONY: preview
preview: node_modules/.installed ## what `up` would change; ARGS=--refresh looks for changes by hand
	@$(TOOL) preview $(ARGS)

.PHONY: destroy
destroy: node_modules/.installed ## delete the stack's objects; data is kept and listed, the cluster stays
	@$(TOOL) destroy

.PHONY: render
render: node_modules/.installed ## write one manifest per object, without a cluster: make render STACK=production OUT=dir
	@$(TOOL) render

# The pack is a package of its own: what is installed for it is what others get.
policy/node_modules/.installed: policy/package.json policy/package-lock.json
	@cd policy && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: policy
policy: node_modules/.installed policy/node_modules/.installed ## what the policies say of the stack, before anything is made: make policy STACK=production
	@$(TOOL) policy

.PHONY: compliance
compliance: node_modules/.installed policy/node_modules/.installed ## the same as a report for a reviewer: make compliance STACK=production OUT=dir [BY=name]
	@$(TOOL) compliance

.PHONY: doctor
doctor: node_modules/.installed ## what a cluster lacks for a stack, and how to get it: make doctor CONTEXT=name STACK=production
	@$(TOOL) doctor $(ARGS)

.PHONY: aictl
aictl: node_modules/.installed ## the operations CLI (docs/aictl.md), on the embedded cluster where there is one: make aictl ARGS="rollout status ollama"
	@state=$${OAP_STATE_DIR:-.state}; export AICTL_STACK="$(STACK)" AICTL_CONTEXT="$(CONTEXT)"; \
	for name in $(or $(CLUSTER),$(STACK) $(STACK)-simulated); do \
	  [ -z "$$AICTL_CONTEXT" ] && [ -e "$$state/clusters/$$name/kubeconfig" ] || continue; \
	  export AICTL_CONTEXT="oap-$$name" AICTL_KUBECONFIG="$$state/clusters/$$name/kubeconfig"; \
	done; \
	bin/aictl $(ARGS)

.PHONY: kubectl
kubectl: node_modules/.installed ## run kubectl on the embedded cluster: make kubectl ARGS="get pods -A"
	@$(TOOL) kubectl $(ARGS)

.PHONY: pulumi
pulumi: node_modules/.installed ## run pulumi on the stack: make pulumi ARGS="stack output"
	@$(TOOL) pulumi $(ARGS)

.PHONY: down
down: node_modules/.installed ## stop the embedded clusters; the data stays
	@$(TOOL) down

.PHONY: clean
clean: node_modules/.installed ## remove the embedded clusters and all state of this clone
	@$(TOOL) clean

.PHONY: distclean
distclean: node_modules/.installed ## clean, and remove the packages and this user's caches of the project
	@$(TOOL) distclean
	@rm -rf node_modules policy/node_modules policy/dist

.PHONY: check
check: node_modules/.installed policy/node_modules/.installed ## types, lint, format
	@$(BIN)/tsc -p tsconfig.check.json
	@$(BIN)/node $(BIN)/eslint .
	@$(BIN)/prettier --check --log-level warn .
	@$(NODE) tools/check.ts
	@$(NODE) tools/docs/index.ts --check

.PHONY: format
format: node_modules/.installed ## write the format that `check` wants
	@$(BIN)/prettier --write --log-level warn .

.PHONY: docs
docs: node_modules/.installed ## write what of docs/ is made from the program; `check` says when it is not up to date
	@$(NODE) tools/docs/index.ts

.PHONY: test
test: node_modules/.installed policy/node_modules/.installed ## all tests: unit, policies, contract (real servers), e2e (a cluster of its own)
	@$(NODE) tests/run.ts

.PHONY: test-unit
test-unit: node_modules/.installed policy/node_modules/.installed ## unit tests and the policies' cases only: seconds, no cluster
	@$(NODE) tests/run.ts unit policy

.PHONY: test-browser
test-browser: node_modules/.installed ## the compliance report in Chromium: axe-core, phone and desktop, keyboard, paper; by hand [REPORT=file] [SCREENSHOTS=dir]
	@$(MOCHA) tests/browser/*.test.ts

.PHONY: compare-scanners
compare-scanners: node_modules/.installed ## the policies beside checkov and kube-score, on charts' defaults and on our own production; writes docs/policies-compared.md; by hand, minutes, needs Python
	@$(NODE) tests/scanners/compare.ts

.PHONY: images-lock
images-lock: node_modules/.installed ## write the digests that images.lock lacks, where registries answer
	@$(TOOL) images-lock

.PHONY: images-push
images-push: node_modules/.installed ## put the images that no registry has into yours, and write its lock: make images-push REGISTRY=host/path [IMAGES=a,b] [OUT=file]
	@$(TOOL) images-push $(ARGS)

.PHONY: bench
bench: node_modules/.installed policy/node_modules/.installed ## ratios of preview, up, API calls and the model proxy against floors of the same run; fails nothing
	@OAP_STATE_DIR=.state/bench $(NODE) tests/bench/run.ts

.PHONY: drill-kill
drill-kill: node_modules/.installed ## kill `up` at KILLS=10 random points, and finish it each time; by hand, minutes
	@KILLS=$${KILLS:-10} $(MOCHA) tests/e2e/platform.test.ts --grep 'comes up|killed|gone'

.PHONY: drill-stacks
drill-stacks: node_modules/.installed ## staging and production on both platforms, on simulated nodes; by hand, minutes
	@STACKS=all $(MOCHA) tests/e2e/stacks.test.ts

.PHONY: drill-network
drill-network: node_modules/.installed ## each network policy with each mistake that it may have, to be told from the right one; by hand, 8 minutes
	@MISTAKES=all $(MOCHA) tests/contract/network/policies.test.ts

.PHONY: drill-serving
drill-serving: node_modules/.installed ## rollouts, metrics and autoscaling in real containers with the real controllers; by hand, 45 minutes
	@for drill in rollouts measured production monitoring autoscaling; do $(MOCHA) tests/drills/$$drill.test.ts || exit 1; done

tests/mutation/node_modules/.installed: tests/mutation/package.json tests/mutation/package-lock.json
	@cd tests/mutation && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: mutation
mutation: node_modules/.installed tests/mutation/node_modules/.installed ## change the policies' logic in thousands of ways: their cases have to notice 90 % of them; by hand, 20 minutes
	@cd tests/mutation; trap 'rm -rf sources .stryker-tmp' EXIT; \
	rm -rf sources; mkdir -p sources/policy sources/tests/policy; cp -r ../../policy/src ../../policy/corpus sources/policy; \
	cp $(addprefix ../policy/,assembled.test.ts corpus.test.ts each.test.ts pods.test.ts values.test.ts volumesRetained.test.ts) sources/tests/policy; \
	PATH="$(CURDIR)/node_modules/.bin:$$PATH" node node_modules/@stryker-mutator/core/bin/stryker.js run stryker.config.mjs
