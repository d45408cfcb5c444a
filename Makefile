# make           the program            make test      every test, race detector on
# make check     all that a change needs before it is sent
# make interop   calls through Kamailio with SIPp and baresip, streams to npm packages
# make load      thousands of calls on loopback, and what they cost
# make load-streams   the same with a stream each, and what the stream costs
# make load-stalled   one program of many that takes no more audio, and who notices
# make load-record    the same with each call recorded, and what the recording costs

GO        ?= go
FUZZTIME  ?= 30s
BENCHTIME ?= 1s
IMAGE     ?= rms
CALLS     ?= 1000
RATE      ?= 200
FOR       ?= 10s
RUNS      ?= 1
SIPPORT   ?= 5160
VERSION   ?= $(shell git describe --always --dirty 2>/dev/null || echo unknown)

VERSITYGW   = github.com/versity/versitygw/cmd/versitygw@v1.8.0
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
INTEROP     = ./cmd/rms/interop
# The packages of the race run: all but the interop tests, whose server is a process of its own.
RACE        = $$($(GO) list ./... | grep -v /cmd/rms/interop)

.PHONY: build check static fmt vet lint floors generate-diff test race fuzz fuzz-package bench load load-streams load-stalled load-record interop peers demo image clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o rms ./cmd/rms

check: static test

static: fmt vet lint floors generate-diff

fmt:
	@wrong=$$(gofmt -l .); if [ -n "$$wrong" ]; then echo "run gofmt -w on:"; echo "$$wrong"; exit 1; fi

vet:
	$(GO) vet ./...

# Where the linter cannot be downloaded, vet has to do.
lint:
	@if $(GO) run $(STATICCHECK) -version >/dev/null 2>&1; then \
		echo "staticcheck ./..."; $(GO) run $(STATICCHECK) ./...; \
	else echo "staticcheck is not to be had: go vet only"; $(GO) vet ./...; fi

# Imports go down only, no file grows without end.
floors:
	$(GO) test -count=1 -run 'TestImports|TestFiles' .

# docs/ must be what the tables in the code say.
generate-diff:
	$(GO) generate ./... ./testdata
	git diff --exit-code -- docs testdata

test:
	CGO_ENABLED=1 $(GO) test -race ./...

race:
	CGO_ENABLED=1 $(GO) test -race -count=1 -timeout 20m $(RACE)

# As many packages at a time as there are cores, each with one worker, and one binary for
# all targets of a package, built as go test -fuzz builds it. What a target found is kept
# where go test -fuzz keeps it; making it smaller ends after a number of tries.
fuzz:
	@$(GO) list ./... | xargs -P $$(getconf _NPROCESSORS_ONLN) -I {} $(MAKE) -s fuzz-package PACKAGE={}

fuzz-package:
	@place=$$($(GO) list -f '{{.Dir}}' $(PACKAGE)); grep -qs '^func Fuzz' "$$place"/*_test.go || exit 0; \
	dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; cache=$$($(GO) env GOCACHE)/fuzz/$(PACKAGE); \
	$(GO) test -c -fuzz . -o "$$dir/fuzz" $(PACKAGE) && cd "$$place" || exit 1; \
	for target in $$("$$dir/fuzz" -test.list '^Fuzz'); do \
		"$$dir/fuzz" -test.run '^$$' -test.fuzz "^$$target\$$" -test.fuzztime $(FUZZTIME) -test.parallel 1 \
			-test.fuzzminimizetime 1000x -test.fuzzcachedir "$$cache" >"$$dir/said" 2>&1 || \
			{ echo "$(PACKAGE) $$target"; cat "$$dir/said"; exit 1; }; \
		echo "$(PACKAGE) $$target: $$(grep execs "$$dir/said" | tail -n 1)"; \
	done

# Go benchmarks, and behind them the ratios to what others need for the same.
bench:
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./... | $(GO) run ./cmd/rms/load/peers bench

# One process serves, another calls RUNS times; the figures are the medians of the
# server's process. make load CALLS=2000 RUNS=3 gives the headline of docs/performance.md.
load: build
	@test $$(ulimit -n) -ge $$((4 * $(CALLS) + 1000)) || ulimit -n $$((4 * $(CALLS) + 1000)); \
	dir=$$(mktemp -d); server=; \
	stop() { [ -z "$$server" ] || { kill $$server; wait $$server; server=; } 2>/dev/null; }; \
	trap 'stop; rm -rf "$$dir"' EXIT; trap 'exit 130' INT TERM; \
	for run in $$(seq $(RUNS)); do \
		./rms serve --listen udp://127.0.0.1:$(SIPPORT) --rtp-ports 10000-29999 --log-level warn >"$$dir/log" 2>&1 & server=$$!; \
		for try in 1 2 3 4 5 6 7 8 9 10; do sleep 0.3; grep -q listening "$$dir/log" && break; done; \
		kill -0 $$server || { cat "$$dir/log"; exit 1; }; \
		./rms load sip:loop@127.0.0.1:$(SIPPORT) --calls $(CALLS) --rate $(RATE) --for $(FOR) --pid $$server --json $(LOADFLAGS) >"$$dir/$$run.json" || \
			{ cat "$$dir/$$run.json" "$$dir/log"; exit 1; }; \
		stop; \
	done; \
	$(GO) run ./cmd/rms/load/peers load "$$dir"/*.json

# What a stream costs: each run calls twice, without and with a stream for each call,
# each time against a fresh server. make load-streams STREAM=audiosocket CALLS=500 RATE=100
# RUNS=3; STREAMFLAGS="--stream-rate 16000" has them resampled.
STREAM      ?= ws
STREAMFLAGS ?=
load-streams: build
	@test $$(ulimit -n) -ge $$((6 * $(CALLS) + 1000)) || ulimit -n $$((6 * $(CALLS) + 1000)); \
	dir=$$(mktemp -d); server=; files=; \
	stop() { [ -z "$$server" ] || { kill $$server; wait $$server; server=; } 2>/dev/null; }; \
	trap 'stop; rm -rf "$$dir"' EXIT; trap 'exit 130' INT TERM; \
	./rms load --stream-script >"$$dir/load.lua"; \
	for run in $$(seq $(RUNS)); do for with in "" "--stream $(STREAM) $(STREAMFLAGS)"; do \
		./rms serve --listen udp://127.0.0.1:$(SIPPORT) --rtp-ports 10000-29999 --rtp.jitter 20ms-20ms \
			--script "$$dir/load.lua" --log-level warn >"$$dir/log" 2>&1 & server=$$!; \
		for try in 1 2 3 4 5 6 7 8 9 10; do sleep 0.3; grep -q listening "$$dir/log" && break; done; \
		kill -0 $$server || { cat "$$dir/log"; exit 1; }; \
		file="$$dir/$$run-$${#with}.json"; files="$$files $$file"; \
		./rms load sip:loop@127.0.0.1:$(SIPPORT) --calls $(CALLS) --rate $(RATE) --for $(FOR) --two-way --pid $$server --json $$with $(LOADFLAGS) >"$$file" || \
			{ cat "$$file"; tail -n 20 "$$dir/log"; exit 1; }; \
		stop; \
	done; done; \
	$(GO) run ./cmd/rms/load/peers streams $$files

# One target of many is not read for a while: what its call and the others notice of it.
# RTP packets that are late or lost are of all calls; make load-stalled CALLS=100 FOR=60s.
STALLED ?= 1
load-stalled: CALLS = 100
load-stalled: FOR = 60s
load-stalled: build
	@dir=$$(mktemp -d); server=; \
	stop() { [ -z "$$server" ] || { kill $$server; wait $$server; server=; } 2>/dev/null; }; \
	trap 'stop; rm -rf "$$dir"' EXIT; trap 'exit 130' INT TERM; \
	./rms load --stream-script >"$$dir/load.lua"; \
	./rms serve --listen udp://127.0.0.1:$(SIPPORT) --rtp-ports 10000-29999 --rtp.jitter 20ms-20ms \
		--script "$$dir/load.lua" --log-level warn >"$$dir/log" 2>&1 & server=$$!; \
	for try in 1 2 3 4 5 6 7 8 9 10; do sleep 0.3; grep -q listening "$$dir/log" && break; done; \
	kill -0 $$server || { cat "$$dir/log"; exit 1; }; \
	./rms load sip:loop@127.0.0.1:$(SIPPORT) --calls $(CALLS) --rate $(RATE) --for $(FOR) --two-way --pid $$server \
		--stream $(STREAM) --stream-stall $(STALLED) $(STREAMFLAGS) $(LOADFLAGS) || { tail -n 20 "$$dir/log"; exit 1; }; \
	tail -n 3 "$$dir/log"

# What a recording costs: each run calls twice, without and with each call recorded, each
# time against a fresh server. make load-record CALLS=1000 RUNS=3; RECORD=mixed is another
# mix, RECORDFLAGS="--record-sync off" a flag of the server, RECORDDIR the disk.
RECORD      ?= stereo
RECORDDIR   ?=
RECORDFLAGS ?=
load-record: build
	@test $$(ulimit -n) -ge $$((6 * $(CALLS) + 1000)) || ulimit -n $$((6 * $(CALLS) + 1000)); \
	dir=$$(mktemp -d); server=; files=; rec="$${RECORDDIR:-$(RECORDDIR)}"; rec="$${rec:-$$dir}/load-record"; \
	stop() { [ -z "$$server" ] || { kill $$server; wait $$server; server=; } 2>/dev/null; }; \
	trap 'stop; rm -rf "$$dir" "$$rec"' EXIT; trap 'exit 130' INT TERM; \
	./rms load --record-script >"$$dir/load.lua"; \
	for run in $$(seq $(RUNS)); do for with in "" "--record $(RECORD)"; do \
		rm -rf "$$rec"; mkdir -p "$$rec"; \
		./rms serve --listen udp://127.0.0.1:$(SIPPORT) --rtp-ports 10000-29999 --record-root "$$rec" $(RECORDFLAGS) \
			--script "$$dir/load.lua" --log-level warn >"$$dir/log" 2>&1 & server=$$!; \
		for try in 1 2 3 4 5 6 7 8 9 10; do sleep 0.3; grep -q listening "$$dir/log" && break; done; \
		kill -0 $$server || { cat "$$dir/log"; exit 1; }; \
		file="$$dir/$$run-$${#with}.json"; files="$$files $$file"; \
		./rms load sip:loop@127.0.0.1:$(SIPPORT) --calls $(CALLS) --rate $(RATE) --for $(FOR) --two-way --pid $$server --json \
			$${with:+$$with --record-dir "$$rec"} $(LOADFLAGS) >"$$file" || { cat "$$file"; tail -n 20 "$$dir/log"; exit 1; }; \
		stop; \
	done; done; \
	$(GO) run ./cmd/rms/load/peers record $$files

# What a verb over HTTP costs, and whether loading the script again loses a packet.
DOORCALLS ?= 500
VERBS     ?= 1000
APIPORT   ?= 8180
load-doors: build
	@dir=$$(mktemp -d); server=; \
	stop() { [ -z "$$server" ] || { kill -INT $$server; wait $$server; server=; } 2>/dev/null; }; \
	trap 'stop; rm -rf "$$dir"' EXIT; trap 'exit 130' INT TERM; \
	./rms load --stream-script >"$$dir/load.lua"; \
	./rms serve --listen udp://127.0.0.1:$(SIPPORT) --rtp-ports 10000-29999 --http 127.0.0.1:$(APIPORT) \
		--script "$$dir/load.lua" --log-level warn >"$$dir/log" 2>&1 & server=$$!; \
	for try in 1 2 3 4 5 6 7 8 9 10; do sleep 0.3; grep -q listening "$$dir/log" && break; done; \
	kill -0 $$server || { cat "$$dir/log"; exit 1; }; \
	for what in "--verbs $(VERBS)" "--reload-every 100ms"; do \
		./rms load sip:loop@127.0.0.1:$(SIPPORT) --calls $(DOORCALLS) --rate $(RATE) --for $(FOR) --pid $$server \
			--api http://127.0.0.1:$(APIPORT) $$what $(LOADFLAGS) || exit 1; \
	done

# The servers of other people that the interop tests stream and upload to; node runs
# most of them.
peers:
	cd $(INTEROP)/npm && npm ci --no-audit --no-fund --ignore-scripts --fetch-retries 5
	GOBIN="$$(cd $(INTEROP) && pwd)/bin" CGO_ENABLED=0 $(GO) install $(VERSITYGW)

interop: build peers
	CI=true $(GO) test -count=1 -v -timeout 15m $(INTEROP)

demo:
	$(GO) run ./cmd/rms demo

image:
	docker build --build-arg VERSION=$(VERSION) -t $(IMAGE) .

clean:
	rm -f rms
	$(GO) clean -testcache
