# `make trial` and `make test` do all the set-up that they need, in .venv. Nothing is installed outside of it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KERNEL_SOURCES := $(shell find kernels -name '*.pyx' -o -name '*.pxd' -o -name '*.h')

.DEFAULT_GOAL := help
.PHONY: help trial test test-vm lint clean

help:
	@echo 'make trial   measure this host, tune it, measure again, report, undo (as root: tunes; else: measures)'
	@echo 'make test    build and run the whole test suite'
	@echo 'make test-vm tune, reboot, roll back, reboot in virtual machines (QEMU, debootstrap, root); KERNEL=6.1 for one'
	@echo 'make lint    the linters alone'
	@echo 'make clean   remove what the build made'

trial: $(VENV)/.installed
	$(BIN)/lltool trial --profile hft --quick

test: $(VENV)/.developed
	$(BIN)/python -m pytest

test-vm: $(VENV)/.developed
	LLTOOL_VM=1 LLTOOL_VM_KERNEL=$(KERNEL) $(BIN)/python -m pytest tests/vm

lint: $(VENV)/.developed
	$(BIN)/python -m pytest tests/rules

clean:
	rm -rf $(VENV) build dist

$(VENV)/.installed: pyproject.toml CMakeLists.txt $(KERNEL_SOURCES)
	@sh tests/prerequisites.sh $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.developed: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@
