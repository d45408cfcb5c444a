package sink

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
)

// rstConfigMost bounds the file, in bytes.
const rstConfigMost = 64 << 10

// ReadRSTConfig reads the config file of the original UDP server, lines of key=value,
// and returns its settings under the names of the flags: dir, listen, save-rule,
// cdr-dir, write-hex and ports.
func ReadRSTConfig(name string) (map[string]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the rst config: %w", err)
	}
	defer f.Close()
	return parseRSTConfig(io.LimitReader(f, rstConfigMost))
}

func parseRSTConfig(r io.Reader) (map[string]string, error) {
	out, ports := map[string]string{}, [2]string{"10000", "20000"}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\uFEFF"))
		if line == "" || strings.ContainsRune("#;[/", rune(line[0])) {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key, value = strings.TrimSpace(key), strings.Trim(strings.TrimSpace(value), `"`)
		if !ok {
			return nil, fmt.Errorf("rst config, line %d: want key=value, got %q", n, line)
		}
		switch key {
		case "save_dir":
			out["dir"] = value
		case "udp_port":
			out["listen"] = withHost(value)
		case "save_rule":
			out["save-rule"] = value
		case "cdr_dir":
			out["cdr-dir"] = value
		case "write_hex":
			if _, err := strconv.ParseBool(value); err != nil {
				return nil, fmt.Errorf("rst config, line %d: write_hex is true or false, not %q", n, value)
			}
			out["write-hex"] = value
		case "start_port":
			ports[0] = value
			out["ports"] = ports[0] + "-" + ports[1]
		case "end_port":
			ports[1] = value
			out["ports"] = ports[0] + "-" + ports[1]
		default:
			return nil, fmt.Errorf("rst config, line %d: no key is called %q; known are save_dir, udp_port, save_rule, cdr_dir, write_hex, start_port and end_port", n, key)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("rst config: %w", err)
	}
	return out, nil
}

// withHost makes a bare port one of this machine.
func withHost(address string) string {
	if _, err := strconv.Atoi(address); err == nil {
		return net.JoinHostPort("127.0.0.1", address)
	}
	return address
}
