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

.PHONY: run test test-long check format bench bench-peers bench-window bench-manuscript bench-writing bench-stretch bench-replay locks clean

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

locks: $(TEST)/.ready
	$(TEST)/bin/python $(LOCKS)/make_locks.py

clean:
	rm -rf $(RUNTIME_cpu) $(RUNTIME_cuda) $(TEST) .venv-peers

$(RUNTIME_cpu)/.ready: $(LOCKS)/runtime.txt
	@PYTHON=$(PYTHON) sh packaging/python_environment.sh $(@D) $<

$(RUNTIME_cuda)/.ready: $(LOCKS)/cuda.txt
	@PYTHON=$(PYTHON) sh packaging/python_environment.sh $(@D) $<

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
