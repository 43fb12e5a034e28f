# make app   installs what is needed and starts CharLab
# make class does the same for a classroom: it listens on the network, says what to write on the board and prints the
#            teacher's link
# make test  installs what the tests need and runs them all, those in a browser by themselves; make test-slow runs those that take minutes
# make starters trains the models that ship with CharLab again, which takes half an hour
# make engine compiles the loops of training in the browser and shortens its scripts (Debian: apt install clang-16 lld-16
#            terser)
# make lint  checks style and types
# make bench installs what the benchmarks need and runs them all, which takes hours; make bench SHORT=1 only a few
#            minutes, to see that they work
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

.PHONY: app class test test-slow bench starters engine lint

app: .venv/app-installed .venv/text-here
	@echo "CharLab opens at http://127.0.0.1:$(PORT) (Ctrl-C ends it)"
	@$(BIN)/python -m streamlit run streamlit_app.py --server.port $(PORT)

# Minutes that each run gets: `make class CHARLAB_MINUTES=10`. The address is that of this machine's way to the
# network; nothing is sent to find it, and Streamlit, which is told it, asks no server for it.
class: export CHARLAB_MINUTES ?= 3
class: export CHARLAB_CLASS = 1
class: .venv/app-installed .venv/text-here
	@address=$$($(BIN)/python -c 'from charlab.runs import network; print(network.own_address() or "127.0.0.1")'); \
	echo "Write on the board:  http://$$address:$(PORT)"; \
	echo "Each run gets $$CHARLAB_MINUTES minutes. Everyone can read its text and watch it; only the browser that"; \
	echo "started it and the teacher can control it. Keep the teacher's link off the projector. Ctrl-C ends it."; \
	exec $(BIN)/python -m streamlit run streamlit_app.py --server.address 0.0.0.0 --server.port $(PORT) \
	--browser.serverAddress $$address

test: .venv/test-installed
	$(BIN)/python -m pytest -m "not slow and not browser" -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0
	$(BIN)/python -m pytest -m "browser and not slow" -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

test-slow: .venv/test-installed
	$(BIN)/python -m pytest -m slow -o faulthandler_timeout=1800

bench: .venv/bench-installed
	$(BIN)/python -m benchmarks.everything $(if $(SHORT),--short)

starters: .venv/app-installed
	$(BIN)/python -m charlab.starters
	$(BIN)/python -m charlab.labs

# Built for size, which makes it a third smaller and no slower. The stack comes first in the memory: elsewhere it would
# lie over the first weights.
ENGINE := charlab/browser/engine
KERNELS ?= $(ENGINE)/kernels.wasm
TO_WASM := clang-16 --target=wasm32 -Os -msimd128 -nostdlib -fno-builtin -fno-math-errno -Wl,--no-entry \
	-Wl,--import-memory -Wl,--stack-first -Wl,-z,stack-size=4096 -Wl,--strip-all
engine:
	$(TO_WASM) -mrelaxed-simd -o $(dir $(KERNELS))fused.wasm $(ENGINE)/multiply.c
	$(TO_WASM) -Wa,-I,$(dir $(KERNELS)) -o $(KERNELS) $(ENGINE)/kernels.c $(ENGINE)/multiply.c
	@chmod 644 $(KERNELS) && rm $(dir $(KERNELS))fused.wasm
	$(PYTHON) -m charlab.browser.engine

lint: .venv/test-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy

.venv/app-installed: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

# The text of a first run, so that it needs no network later. Without a network now, the next start tries again.
.venv/text-here: .venv/app-installed
	@echo "Looking for Tiny Shakespeare, the text of a first run ..."
	@$(BIN)/python -m charlab corpora --fetch shakespeare > /dev/null 2>&1 && touch $@ || true

.venv/test-installed: requirements.txt requirements-dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ .venv/app-installed

.venv/bench-installed: requirements.txt requirements-bench.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	@touch $@ .venv/app-installed
