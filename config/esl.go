package config

import (
	"net/netip"
	"strings"
)

// ESL holds the keys of section esl, of the Event Socket; the verb socket needs none of
// them.
type ESL struct {
	Listen         netip.AddrPort `doc:"Where clients of the Event Socket are heard, 127.0.0.1:8021 by custom. Other addresses than those of loopback need esl.password." empty:"not at all"                                      key:"listen"          short:"esl"`
	Password       Secret         `doc:"What clients must know."                                                                                                          empty:"the one in esl.password_file"                    key:"password"`
	PasswordFile   string         `default:"esl.password" doc:"File with the password when esl.password is not set; at the first start one is made and written there, for this user only (mode 0600)."                                                           key:"password_file"`
	Allow          []netip.Prefix `doc:"Addresses and networks that clients may come from."                                                                               empty:"any, as far as esl.listen can be reached"        key:"allow"`
	MaxConnections int            `default:"2000"         doc:"Connections of clients at one time; more are refused, those that have not said the password first."                                                                                                key:"max_connections" max:"1000000"  min:"1"`
}

// check keeps the socket from being open to others without a secret.
func (e *ESL) check(origins map[string]string) []error {
	if !e.Listen.IsValid() {
		return nil
	}
	away := !e.Listen.Addr().Unmap().IsLoopback()
	what := ""
	switch password := e.Password.Reveal(); {
	case away && password == "":
		what = e.Listen.String() + " can be reached from other machines; set esl.password, or listen on 127.0.0.1"
	case away && strings.EqualFold(password, "ClueCon"):
		what = e.Listen.String() + " can be reached from other machines, and everybody knows the password; set esl.password to another, or listen on 127.0.0.1"
	default:
		return nil
	}
	return []error{&Problem{Where: origins["esl.listen"], Key: "esl.listen", What: what}}
}
