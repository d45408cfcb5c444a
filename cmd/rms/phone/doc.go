// Package phone is the engine behind "rms call": a small softphone that places
// one call, speaks a WAV file or silence, listens, and says what it heard.
//
//	r, err := phone.Run(ctx, phone.Options{To: "sip:welcome@127.0.0.1", For: 5 * time.Second}, os.Stdout)
//	if err != nil {
//		return err // the call could not even be tried
//	}
//	r.Print(os.Stdout)
//	if !r.Heard {
//		os.Exit(1)
//	}
package phone
