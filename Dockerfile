# docker build -t rms . && docker run --network host rms
# SIP and RTP want the host's network: thousands of mapped ports are slow and hide addresses.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.built=$VERSION" -o /rms ./cmd/rms

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /rms /rms
COPY LICENSE /LICENSE
# Prompts are found in ./prompts: docker run -v /srv/prompts:/var/lib/rms/prompts:ro
WORKDIR /var/lib/rms
USER 65532:65532
# RTP uses 10000-29999/udp; without the host's network publish fewer and say --rtp-ports.
EXPOSE 5060/udp 5060/tcp
# OPTIONS must get a 200: while draining rms answers 503 and counts as unhealthy.
HEALTHCHECK --interval=10s --timeout=3s --start-period=2s CMD ["/rms", "call", "--options", "sip:127.0.0.1:5060"]
# SIGTERM drains: calls in progress end by themselves or at the deadline.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/rms"]
CMD ["serve"]
