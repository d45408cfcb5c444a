package call

// record gives a feed what the far end sends and what is sent to it, packet by packet.
// The feed runs behind the sender and the decoder, because it comes later.
func (r *rtpLine) record(f *feed) (err error) {
	f.hear(r, sideCaller)
	f.say(r, sideCallee)
	f.pin, err = f.leg.graph.Add(f, 0)
	return err
}

// record gives a feed the PCM of both directions.
func (s *socketLine) record(f *feed) (err error) {
	f.pin, err = f.leg.graph.Add(f, 0, f.leg.hears, f.leg.mixer)
	return err
}
