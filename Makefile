# make           the program            make test      every test, race detector on
# make check     all that a change needs before it is sent
# make interop   calls through Kamailio with SIPp and baresip (Debian packages)
# make load      thousands of calls on loopback, and what they cost

GO        ?= go
FUZZTIME  ?= 30s
BENCHTIME ?= 1s
IMAGE     ?= rms
CALLS     ?= 1000
VERSION   ?= $(shell git describe --always --dirty 2>/dev/null || echo unknown)

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
INTEROP     = ./cmd/rms/interop
# The packages of the race run: all but the interop tests, whose server is a process of its own.
RACE        = $$($(GO) list ./... | grep -v /cmd/rms/interop)

.PHONY: build check static fmt vet lint floors generate-diff test race fuzz bench load interop demo image clean

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
	CGO_ENABLED=1 $(GO) test -race -count=1 -timeout 8m $(RACE)

fuzz:
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done

bench:
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

# One process serves, another calls: the figures are those of the server's process.
load: build
	@./rms serve --listen udp://127.0.0.1:5160 --rtp-ports 10000-29999 --log-level warn & server=$$!; \
	trap "kill $$server" EXIT; sleep 1; \
	./rms load sip:loop@127.0.0.1:5160 --calls $(CALLS) --rate 200 --for 20s --pid $$server

interop: build
	CI=true $(GO) test -count=1 -v -timeout 8m $(INTEROP)

demo:
	$(GO) run ./cmd/rms demo

image:
	docker build --build-arg VERSION=$(VERSION) -t $(IMAGE) .

clean:
	rm -f rms
	$(GO) clean -testcache
