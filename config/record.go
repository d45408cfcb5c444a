package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Record holds the keys of section record.
type Record struct {
	Root        string        `default:"./recordings" doc:"Folder of all recordings; nothing outside it is ever written. It is made with the first recording." empty:"recording is off" key:"root" short:"record-root"`
	Sync        string        `default:"second" doc:"second: audio is on the disk within a second, and the header never claims what is not. off: the system writes when it likes; a crash of the program still loses nothing but the last second, a power cut may lose more." key:"sync" one:"second,off"`
	MinFree     Size          `default:"1GiB" doc:"Free space that is left alone: with less, no recording begins, and those in progress end." key:"min_free" max:"1024GiB" min:"0B"`
	Required    bool          `default:"false" doc:"No recording, no call: what rms_record_start takes for required when the script does not say. A call whose recording cannot begin, or breaks, is refused or ended." key:"required"`
	OpenTimeout time.Duration `default:"2s" doc:"How long the answer to an INVITE waits until the file of a required recording is open; then the call is refused with 503." key:"open_timeout" max:"20s" min:"100ms"`
	Name        string        `default:"{date}/{time}-{call}-{name}.wav" doc:"File of a recording for which the script gives none. In braces: date, time, year, month, day, hour, call, id, name, sides, user, from, to, or a variable of the call. A name that is taken gets a number." key:"name"`
	Format      string        `default:"pcm" doc:"Samples in the WAV file: pcm is 16 bits, ulaw and alaw are half of that." key:"format" one:"pcm,ulaw,alaw"`
	Sides       string        `default:"stereo" doc:"Whose audio is recorded when the script does not say. stereo: the caller left, what the caller hears right." key:"sides" one:"stereo,mixed,caller,callee"`
	Fill        string        `default:"silence" doc:"What stands in a file while its recording is paused." key:"fill" one:"silence,tone"`
	Memory      Size          `default:"256MiB" doc:"Audio of all recordings that may wait for a slow disk; beyond it, audio is left out, and file, event and sidecar say where." key:"memory" max:"64GiB" min:"1MiB"`
	Headers     []string      `doc:"Header fields of the INVITE that go into the sidecar." empty:"none" key:"headers"`
	Key         string        `default:"auto" doc:"File with the Ed25519 key (PEM, PKCS #8) that signs the chain; it is made when it is not there. auto: .rms/key in record.root. Elsewhere is safer." key:"key"`
	Encrypt     []string      `doc:"Public keys (age1..., ssh-ed25519 ...) that recordings are encrypted to; their secret keys open them, this server cannot." empty:"recordings are not encrypted" key:"encrypt"`
	Keep        time.Duration `default:"0s" doc:"Recordings that ended longer ago are removed, unless they are on hold; 0s keeps them." key:"keep" max:"876000h" min:"0s"`
	MaxSize     Size          `default:"0B" doc:"When all recordings take more, the oldest are removed, unless they are on hold; 0B is no limit." key:"max_size" max:"1048576GiB" min:"0B"`
	SIPREC      bool          `default:"true" doc:"Record SIPREC sessions (RFC 7866) from their first packet, whatever the script does." key:"siprec"`
}

// check compares keys of the section with each other.
func (r *Record) check(c *Config) []error {
	if r.Root == "" && r.Required {
		return []error{&Problem{
			Where: c.origins["record.required"], Key: "record.required",
			What: "needs recordings, and record.root is empty; name a folder there",
		}}
	}
	return nil
}

// Upload holds the keys of section upload.
type Upload struct {
	To        UploadURL     `doc:"Where recordings are delivered to when they are complete: s3://BUCKET/PREFIX, or an http:// or https:// URL to which the name is added for PUT." empty:"nowhere" key:"to"`
	Endpoint  string        `default:"https://s3.amazonaws.com" doc:"The S3 service, for an s3:// URL; https://HOST or https://HOST:PORT." key:"endpoint"`
	Region    string        `default:"us-east-1" doc:"Region of the bucket." key:"region"`
	AccessKey string        `doc:"Access key of the S3 service." empty:"AWS_ACCESS_KEY_ID, or none" key:"access_key"`
	SecretKey Secret        `doc:"Secret key of the S3 service." empty:"AWS_SECRET_ACCESS_KEY, or none" key:"secret_key"`
	Token     Secret        `doc:"Bearer token for an HTTP URL." empty:"none" key:"token"`
	During    bool          `default:"false" doc:"Send long recordings in parts while their call goes on (S3 only); the part with the header goes last." key:"during"`
	KeepLocal bool          `default:"true" doc:"Keep the file here when it was delivered and its checksum compared. false removes it then, with its sidecar, which was delivered too; the chain keeps that it was here." key:"keep_local"`
	TLSCA     string        `doc:"PEM file with the authorities that the service's certificate is checked against." empty:"those of the system" key:"tls_ca"`
	Timeout   time.Duration `default:"1m" doc:"How long a delivery may stand still before it is tried again." key:"timeout" max:"1h" min:"1s"`
}

// check looks at what goes over the network in the clear.
func (u *Upload) check(c *Config) []error {
	if u.To == "" {
		return nil
	}
	var bad []error
	to, text := string(u.To), "upload.to"
	if strings.HasPrefix(to, "s3:") {
		to, text = u.Endpoint, "upload.endpoint"
		e, err := url.Parse(to)
		if err != nil || (e.Scheme != "http" && e.Scheme != "https") || e.Host == "" || e.User != nil || strings.Trim(e.Path, "/") != "" {
			bad = append(bad, &Problem{Where: c.origins[text], Key: text, What: fmt.Sprintf("%q is no service; write https://HOST or https://HOST:PORT", to)})
		}
	}
	if at, err := url.Parse(to); err == nil && at.Scheme == "http" && !loopback(at.Hostname()) {
		c.Warnings = append(c.Warnings, text+" begins with http://: everybody on the way to "+at.Host+" can hear the recordings; use https://")
	}
	if c.Record.Root == "" {
		bad = append(bad, &Problem{Where: c.origins["upload.to"], Key: "upload.to", What: "needs recordings, and record.root is empty; name a folder there"})
	}
	return bad
}

// UploadURL is s3://BUCKET/PREFIX, or an http:// or https:// URL.
type UploadURL string

// UnmarshalText reads the URL. Its errors do not repeat it.
func (u *UploadURL) UnmarshalText(text []byte) error {
	at, err := url.Parse(string(text))
	switch {
	case err != nil || at.Host == "":
		return errors.New("it is no URL; write s3://BUCKET/PREFIX or https://HOST/PATH/")
	case at.User != nil:
		return errors.New("it has a password; use upload.token, or upload.access_key and upload.secret_key")
	case at.Scheme != "s3" && at.Scheme != "https" && at.Scheme != "http":
		return errors.New("it is neither s3:// nor https:// nor http://")
	case at.Fragment != "" || (at.Scheme == "s3" && (at.RawQuery != "" || at.Port() != "")):
		return errors.New("it has parts that cannot be used; write s3://BUCKET/PREFIX or https://HOST/PATH/")
	}
	*u = UploadURL(text)
	return nil
}
