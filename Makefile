# SPDX-License-Identifier: Apache-2.0

.DEFAULT_GOAL := help
.PHONY: help install build demo test lint format docs clean

help: ## What can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

install: ## Install the system libraries that are missing
	@scripts/install-dependencies

build: install ## Build the command and the library
	swift build -c release

demo: build ## Train on the built-in digits and draw pictures, offline, in a few minutes
	.build/release/elbo train --epochs 20 --output demo --overwrite
	.build/release/elbo evaluate demo

test: install ## Run all tests
	swift test -c release

lint: ## Check the format of all sources
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Examples

format: ## Put all sources into the project's format
	swift format --in-place --recursive --parallel Package.swift Sources Tests Examples

clean: ## Remove what was built
	rm -rf .build demo
