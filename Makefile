# SPDX-License-Identifier: Apache-2.0

.DEFAULT_GOAL := help
DATA ?= $(HOME)/.cache/elbo/mnist
.PHONY: help install build command stan demo test test-hdf5 compile-time benchmark evidence-table posterior-table \
  posterior-benchmark endurance faults fuzz sanitize lint format clean

help: ## What can be made
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 20

install: ## Install the system libraries that are missing
	@scripts/install-dependencies $(TRAITS)

build: install ## Build the command and the library
	swift build -c release

PREFIX ?= $(HOME)/.local
command: install ## Put the command, without Swift's libraries, and completions of shells into PREFIX; TRAITS=HDF5
	swift build -c release $(if $(TRAITS),--traits $(TRAITS)) --static-swift-stdlib --product elbo --scratch-path .build/static
	mkdir -p $(PREFIX)/bin
	strip -o $(PREFIX)/bin/elbo .build/static/release/elbo
	scripts/install-completions $(PREFIX)/bin/elbo $(PREFIX)

stan: ## Fetch the library with which `elbo posterior` takes Stan programs
	@scripts/install-stan

demo: build ## Train on the built-in digits and draw pictures, offline, in a few minutes
	.build/release/elbo train --epochs 20 --output demo --overwrite
	.build/release/elbo evaluate demo

test-hdf5: TRAITS = HDF5
test-hdf5: install ## Run the tests of HDF5 and AnnData files; PYTHON=one with h5py and anndata
	swift test -c release --traits HDF5 --scratch-path .build/hdf5 --filter HDF5

test: install ## Run all tests
	swift test -c release
	scripts/check-compile-time

fuzz: install ## Give the readers of files inputs of libFuzzer's; SECONDS=60 for each, READER=one
	scripts/fuzz $(or $(SECONDS),60) $(READER)

SANITIZER ?= address thread
sanitize: install ## Run the tests under sanitizers; SANITIZER=address or thread, TESTS=pattern
	scripts/sanitize $(SANITIZER) $(TESTS)

compile-time: build ## Check that users' formulas type-check at once
	scripts/check-compile-time

benchmark: build ## Time training against PyTorch and JAX; DATA=folder of MNIST's IDX files
	test -x .peers/bin/python || python3 -m venv .peers
	.peers/bin/python -m pip install --quiet torch jax numpy
	$(MAKE) command PREFIX=.build/installed
	.peers/bin/python Benchmarks/command.py --data $(DATA) --installed .build/installed/bin/elbo
	.peers/bin/python Benchmarks/compare.py --data $(DATA) --peers .peers/bin/python
	.peers/bin/python Benchmarks/compare.py --data $(DATA) --peers .peers/bin/python --sweep --rounds 1 --epochs 3
	.build/release/benchmark-figures Benchmarks/results docs/images

evidence-table: build ## Hold bounds on log p(x) against quadrature; DATA=folder of MNIST's IDX files
	.build/release/evidence-table $(wildcard $(DATA))

POSTERIORS ?= ../shared/posteriordb
posterior-table: build ## Hold fits of real posteriors against references; POSTERIORS=folder of posteriordb's data
	.build/release/posterior-table $(POSTERIORS)
	.build/release/posterior-table $(POSTERIORS) --family meanField --family laplace --family pathfinder
	.build/release/posterior-table $(POSTERIORS) --family flow --seeds 1

posterior-benchmark: build ## Time real posteriors against NUTS, Pathfinder and NumPyro; POSTERIORS as above
	test -x .peers/bin/python || python3 -m venv .peers
	.peers/bin/python -m pip install --quiet numpyro jax numpy scipy 'stanli==0.24.*'
	.peers/bin/python Benchmarks/stan_programs.py $(POSTERIORS)
	.peers/bin/python Benchmarks/peers/check_numpyro.py $(POSTERIORS)
	.peers/bin/python Benchmarks/posteriors.py --elbo .build/release/elbo --posteriors $(POSTERIORS) \
	  --python .peers/bin/python

COUNT ?= 1000
endurance: ## Stop COUNT runs at random times, go on with them elsewhere, compare with undisturbed ones
	swift build -c release --product elbo
	scripts/check-endurance --elbo .build/release/elbo --count $(COUNT) $(ENDURANCE)

faults: ## Let every file call of runs and reports fail once, and look at what is left (Linux)
	swift build -c release --product elbo
	scripts/check-faults --elbo .build/release/elbo $(FAULTS)

lint: ## Check the format of all sources
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Examples Benchmarks

format: ## Put all sources into the project's format
	swift format --in-place --recursive --parallel Package.swift Sources Tests Examples Benchmarks

clean: ## Remove what was built
	rm -rf .build demo
