# Developer commands. Each one sets up .venv by itself when it is missing or out of date.

PYTHON ?= python3
VENV ?= .venv
CC ?= cc
# Where torch without CUDA comes from; where it is not reached, pip's own configuration decides.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
BUILD_DIR ?= build/core

BIN := $(VENV)/bin
RUN := $(BIN)/python
STAMP := $(VENV)/.sdst-edge-installed
TOOLKITS_VENV ?= .venv-toolkits
TOOLKITS_STAMP := $(TOOLKITS_VENV)/.sdst-edge-installed
NVIDIA_BINDINGS ?= .nvidia-bindings
TENSORRT_PACKAGES := tensorrt-bindings==8.6.1 tensorrt-cu12-bindings==10.3.0 tensorrt-cu13-bindings==10.13.3.9 \
                     tensorrt-cu13-bindings==10.16.1.11 tensorrt-cu13-bindings==11.4.0.106
CUDA_PACKAGES := cuda-bindings==12.9.10 cuda-bindings==13.5.0
# Its glibc is as old as 64-bit Arm allows; runtimes/core/cmake/aarch64-linux.cmake names the same version.
ARM_WHEEL := -Cwheel.tags=py3-none-manylinux_2_17_aarch64 -Ccmake.define.CMAKE_TOOLCHAIN_FILE=cmake/aarch64-linux.cmake
TORCH_STAMP := $(VENV)/.torch-installed
CORE_SOURCES := $(shell find runtimes/core -type f -name '*.[ch]' -o -type f -name 'CMakeLists.txt' -o -type f -name '*.in')
C_FORMATTED := $(shell find runtimes/core runtimes/examples tests/e2e/cpp_tensorrt -type f -name '*.[ch]' -o -type f -name '*.[ch]pp')
PY_FORMATTED := sdst_edge export runtimes benchmarks tests

NEED_COMPILER = command -v $(firstword $(CC)) >/dev/null || { \
  echo "error: no C compiler ($(CC)); install one (Debian and Ubuntu: apt install gcc), or name it: make CC=clang" >&2; exit 1; }

.PHONY: help setup demo test check fmt test-c test-toolkits test-tensorrt golden bench build clean
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

setup: $(STAMP) ## create .venv with all that the other commands need

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
	  { echo "error: $(PYTHON) is missing or older than 3.10; install Python 3.10 or newer, or name it: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "error: $(PYTHON) has no venv module; install it (Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@$(NEED_COMPILER)
	@echo "Creating $(VENV): about 450 MB of downloads, half of it torch without CUDA"
	@$(PYTHON) -m venv $(VENV)

$(TORCH_STAMP): $(VENV)/pyvenv.cfg constraints.txt
	@if $(RUN) -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1] + "/torch/", timeout=10)' $(TORCH_INDEX) 2>/dev/null; \
	 then $(BIN)/pip install --quiet --constraint constraints.txt --index-url $(TORCH_INDEX) torch; \
	 else echo "$(TORCH_INDEX) is not reached: torch comes as pip is configured, which on Linux may add gigabytes of CUDA"; \
	      $(BIN)/pip install --quiet --constraint constraints.txt torch; fi
	@touch $@

$(STAMP): $(TORCH_STAMP) pyproject.toml $(CORE_SOURCES)
	@$(NEED_COMPILER)
	@$(BIN)/pip install --quiet 'scikit-build-core>=0.10' 'cmake>=3.18' 'ninja>=1.11'
	@CC="$(CC)" PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pip install --quiet --no-build-isolation --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(STAMP) ## follow an object in a rendered clip with the student that comes along, time it, write a report
	@$(BIN)/sdst-edge demo --output demo

test: $(STAMP) ## all Python tests, one process for each core
	@$(BIN)/pytest --numprocesses auto --dist loadfile

check: $(STAMP) ## linters, types, layers, formats
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check $(PY_FORMATTED)
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/clang-format --dry-run --Werror $(C_FORMATTED)

fmt: $(STAMP) ## format Python and C
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format $(PY_FORMATTED)
	@$(BIN)/clang-format -i $(C_FORMATTED)

test-c: $(STAMP) ## libsdst's own tests: a plain build, and one with ASan and UBSan
	@PATH="$(CURDIR)/$(BIN):$$PATH"; set -e; for sanitize in OFF ON; do \
	   cmake -S runtimes/core -B $(BUILD_DIR)-sanitize-$$sanitize -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER="$(CC)" \
	         -DSDST_BUILD_TESTS=ON -DSDST_BUILD_BENCH=ON -DSDST_WERROR=ON -DSDST_SANITIZE=$$sanitize >/dev/null; \
	   cmake --build $(BUILD_DIR)-sanitize-$$sanitize; \
	   ctest --test-dir $(BUILD_DIR)-sanitize-$$sanitize --output-on-failure; done

$(TOOLKITS_STAMP): tests/toolkits/requirements.txt pyproject.toml $(CORE_SOURCES) $(VENV)/pyvenv.cfg
	@$(PYTHON) -m venv $(TOOLKITS_VENV)
	@$(TOOLKITS_VENV)/bin/pip install --quiet -r tests/toolkits/requirements.txt
	@CC="$(CC)" PATH="$(CURDIR)/$(TOOLKITS_VENV)/bin:$$PATH" $(TOOLKITS_VENV)/bin/pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

test-toolkits: $(TOOLKITS_STAMP) ## our entries for the GOT-10k and VOT toolkits, against the real packages in .venv-toolkits
	@MPLBACKEND=Agg $(TOOLKITS_VENV)/bin/pytest tests/toolkits

test-tensorrt: $(STAMP) ## our code on NVIDIA's real Python bindings, without their libraries: names, not engines
	@set -e; for item in $(TENSORRT_PACKAGES:%=tensorrt/%) $(CUDA_PACKAGES:%=cuda/%); do \
	   folder=$(NVIDIA_BINDINGS)/$${item%%/*}/$${item##*==}; \
	   case $$item in tensorrt*) alone=--no-deps;; *) alone=;; esac; \
	   [ -d $$folder ] || $(BIN)/pip install --quiet $$alone --target $$folder $${item#*/} || \
	     { echo "error: $${item#*/} cannot be installed here" >&2; exit 1; }; done
	@SDST_TENSORRT_BINDINGS=$(CURDIR)/$(NVIDIA_BINDINGS)/tensorrt SDST_CUDA_PYTHON=$(CURDIR)/$(NVIDIA_BINDINGS)/cuda \
	   $(BIN)/pytest tests/parity/test_tensorrt_api_bindings.py tests/parity/test_tensorrt_api_cuda.py

golden: $(STAMP) ## write the golden files anew; review the diff before committing it
	@SDST_UPDATE_GOLDEN=1 $(BIN)/pytest tests/golden
	@git --no-pager diff --stat -- tests/golden docs/bench-report.schema.json

bench: $(STAMP) ## kernels and crop on this machine
	@PATH="$(CURDIR)/$(BIN):$$PATH"; set -e; \
	 cmake -S runtimes/core -B $(BUILD_DIR)-bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER="$(CC)" -DSDST_BUILD_BENCH=ON >/dev/null; \
	 cmake --build $(BUILD_DIR)-bench; $(BUILD_DIR)-bench/bench/sdst_bench
	@$(RUN) benchmarks/crop_vs_opencv.py

build: $(STAMP) ## wheels for this machine and for 64-bit Arm, and sdist, in dist/
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(RUN) -m build --no-isolation
	@$(RUN) -c 'import ziglang' 2>/dev/null || $(BIN)/pip install --quiet 'ziglang>=0.13' || { \
	  echo "error: no wheel for 64-bit Arm: Zig's C compiler (100 MB) cannot be installed; dist/ has the others" >&2; exit 1; }
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(RUN) -m build --wheel --no-isolation $(ARM_WHEEL)

clean: ## everything that the other commands made
	rm -rf $(VENV) $(TOOLKITS_VENV) $(NVIDIA_BINDINGS) build dist demo
