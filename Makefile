# Everything a newcomer types. Each target sets up what it needs.
PYTHON ?= python3
# Where models run: cpu, or cuda. ONNX Runtime for graphics cards fills the same folder as the other, so that it has an
# environment of its own.
DEVICE ?= cpu
RUNTIME_cpu := .venv
RUNTIME_cuda := .venv-cuda
RUNTIME := $(RUNTIME_$(DEVICE))
ifeq ($(RUNTIME),)
$(error DEVICE is cpu or cuda, not $(DEVICE))
endif
TEST := .venv-test
LOCKS := packaging/locks
# The starter model as the tests use it: fetched once, kept with the test environment, and built anew when what shapes
# a build has changed. tests/benchmarks/medium.py names the same files.
STARTER_HOME := $(TEST)/starter-home
BUILD_SOURCES := $(shell find writer/models writer/engine -name '*.py') resources/models.toml \
    $(wildcard resources/gate/*.txt resources/calibration/*.txt)

# Packages. Debian's Python comes before one that was built by hand: it is optimised, and gets security fixes.
BUILD := .venv-build
BUILD_PYTHON ?= $(shell /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
    && echo /usr/bin/python3 || echo $(PYTHON))
FROZEN := build/frozen
FROZEN_SOURCES := $(shell find writer -name '*.py') $(shell find resources -type f) $(wildcard packaging/frozen/*) \
    $(wildcard packaging/licences/*) LICENSE

.PHONY: run test test-long check format bench bench-peers bench-window bench-manuscript bench-writing bench-stretch bench-replay locks clean
.PHONY: bench-startup frozen portable deb wheel sizes reproduce sbom audit check-windows-installer

run: $(RUNTIME)/.ready
	@sh packaging/system_libraries.sh window
	@$(RUNTIME)/bin/python -m writer $(ARGS)

test: $(TEST)/.ready $(STARTER_HOME)/.ready
	@sh packaging/system_libraries.sh tests
	$(TEST)/bin/python -m pytest -n 2 --dist loadfile -q $(ARGS)

test-long: $(TEST)/.ready $(STARTER_HOME)/.ready
	@sh packaging/system_libraries.sh tests
	$(TEST)/bin/python -m pytest --long -m "not alone" -n 2 --dist loadfile -q $(ARGS)
	$(TEST)/bin/python -m pytest --long -m alone -q

check: $(TEST)/.ready
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/ruff check .
	$(TEST)/bin/mypy
	$(TEST)/bin/lint-imports

format: $(TEST)/.ready
	$(TEST)/bin/ruff check --fix .
	$(TEST)/bin/ruff format .

bench: $(TEST)/.ready
	$(TEST)/bin/python tests/benchmarks/engine.py $(ARGS)

bench-peers: $(TEST)/.ready
	sh packaging/python_environment.sh .venv-peers $(LOCKS)/torch.txt $(LOCKS)/test.txt
	sh tests/benchmarks/install_peers.sh .venv-peers
	.venv-peers/bin/python tests/benchmarks/engine.py --peers $(ARGS)

bench-window: $(TEST)/.ready
	@sh packaging/system_libraries.sh tests
	$(TEST)/bin/python tests/benchmarks/window.py $(ARGS)

bench-manuscript: $(TEST)/.ready
	@sh packaging/system_libraries.sh tests
	$(TEST)/bin/python tests/benchmarks/manuscript.py $(ARGS)

bench-writing: $(TEST)/.ready
	$(TEST)/bin/python tests/benchmarks/writing.py $(ARGS)

bench-stretch: $(TEST)/.ready $(STARTER_HOME)/.ready
	$(TEST)/bin/python tests/benchmarks/stretch.py $(ARGS)

bench-replay: $(TEST)/.ready $(STARTER_HOME)/.ready
	$(TEST)/bin/python tests/benchmarks/replay.py $(ARGS)

# From starting the program to the first letter on the page: make bench-startup ARGS=build/frozen/writer/writer
bench-startup: $(TEST)/.ready
	@sh packaging/system_libraries.sh tests
	$(TEST)/bin/python tests/benchmarks/startup.py $(ARGS)

# The program as a folder that runs without Python, with the starter in it.
frozen: $(FROZEN)/.ready

# That folder packed: it runs wherever it is unpacked.
portable: $(FROZEN)/.ready
	$(BUILD)/bin/python packaging/frozen/archive.py $(ARGS)

deb: $(FROZEN)/.ready
	@sh packaging/linux/build_tools.sh
	$(BUILD)/bin/python packaging/linux/build_deb.py $(ARGS)

wheel: $(BUILD)/.ready
	@rm -rf writer_desktop.egg-info # a list of files from an earlier build would be taken for what belongs in this one
	export SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)}; \
	    $(BUILD)/bin/python -m build --no-isolation --outdir dist . && \
	    $(BUILD)/bin/python packaging/repack_sdist.py dist/writer_desktop-*.tar.gz

# Where the bytes of the frozen program lie, and the oldest system it runs on.
sizes: $(FROZEN)/.ready
	$(BUILD)/bin/python packaging/frozen/sizes.py
	$(BUILD)/bin/python packaging/frozen/glibc.py

# What is in the frozen program, part by part, for programs to read.
sbom: $(FROZEN)/.ready
	$(BUILD)/bin/python packaging/licences/sbom.py $(FROZEN)/writer

# Whether anything that is packed has known faults; asks the Python package index.
audit: $(BUILD)/.ready
	$(BUILD)/bin/python -m pip_audit --strict --disable-pip --require-hashes -r $(LOCKS)/runtime.txt

# Installs, upgrades and removes on Windows, as Wine plays it, with a stand-in for the program.
check-windows-installer:
	@command -v makensis >/dev/null && command -v wine >/dev/null && command -v Xvfb >/dev/null \
	    || sh packaging/apt_install.sh nsis wine wine64 xauth xvfb
	$(PYTHON) packaging/windows/check_under_wine.py

# Builds all of it twice, in two places, and compares.
reproduce: $(FROZEN)/.ready
	$(BUILD)/bin/python packaging/frozen/reproduce.py

locks: $(TEST)/.ready
	$(TEST)/bin/python $(LOCKS)/make_locks.py

clean:
	rm -rf $(RUNTIME_cpu) $(RUNTIME_cuda) $(TEST) $(BUILD) .venv-peers build dist

$(RUNTIME_cpu)/.ready: $(LOCKS)/runtime.txt
	@PYTHON=$(PYTHON) sh packaging/python_environment.sh $(@D) $<

$(RUNTIME_cuda)/.ready: $(LOCKS)/cuda.txt
	@PYTHON=$(PYTHON) sh packaging/python_environment.sh $(@D) $<

$(BUILD)/.ready: $(LOCKS)/runtime.txt $(LOCKS)/build.txt
	@PYTHON=$(BUILD_PYTHON) sh packaging/python_environment.sh $(BUILD) $^

build/starter/.ready: $(BUILD)/.ready $(BUILD_SOURCES) packaging/frozen/starter.py
	$(BUILD)/bin/python packaging/frozen/starter.py

$(FROZEN)/.ready: $(BUILD)/.ready build/starter/.ready $(FROZEN_SOURCES)
	@sh packaging/system_libraries.sh frozen
	@sh packaging/frozen/build_tools.sh $(BUILD)/bin/python
	@rm -f $@
	@mkdir -p $(@D)
	@touch $@.begun
	$(BUILD)/bin/python packaging/frozen/freeze.py
	@mv $@.begun $@

$(TEST)/.ready: $(LOCKS)/test.txt $(LOCKS)/torch.txt
	@PYTHON=$(PYTHON) sh packaging/python_environment.sh $(TEST) $(LOCKS)/torch.txt $(LOCKS)/test.txt

# Only the built model is removed, not the files it was built from. The stamp bears the time of the beginning, so that
# what is changed meanwhile counts as newer.
$(STARTER_HOME)/.ready: $(TEST)/.ready $(BUILD_SOURCES)
	@mkdir -p $(@D)
	@rm -rf $@ $(STARTER_HOME)/data/models/starter
	@touch $@.begun
	WRITER_HOME=$(STARTER_HOME) $(TEST)/bin/python -m writer models get starter --keep-source
	@mv $@.begun $@
