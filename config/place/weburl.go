package place

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// CheckWebURL says why nothing can be posted to a URL. Its errors do not repeat what
// may be a secret: the path and the query.
func CheckWebURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("is no URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("begins with %q, want http:// or https://", strings.ToValidUTF8(u.Scheme, "?"))
	case u.Hostname() == "":
		return errors.New("names no host")
	case u.User != nil:
		return errors.New("holds a user name or a password")
	case u.Fragment != "":
		return errors.New("has a part behind #, which is never sent")
	}
	return nil
}
