// Package esl is the Event Socket door to the verbs: the protocol that clients of
// FreeSWITCH speak, in both directions. Server takes connections of clients; its
// method Outbound hands a call to an application, for the verb socket.
//
//	s := esl.New(esl.Options{Manager: calls, Listen: "127.0.0.1:8021", Password: secret})
//	if err := s.Listen(); err != nil {
//		return err
//	}
//	defer s.Close()
package esl
