// Package codec holds the audio codecs that a call can use on RTP, one file
// each: PCMU, PCMA, G.722 and L16. A codec registers itself; offer and answer,
// prompts and recordings find it here. Every decoder conceals what was lost.
//
//	pcmu, _ := codec.Lookup("PCMU", 8000, 1)
//	enc, dec := pcmu.NewEncoder(), pcmu.NewDecoder()
//	payload := enc.Encode(nil, pcm)
//	pcm = dec.Decode(pcm[:0], payload)
//	pcm = dec.Conceal(pcm, 160) // the next packet is missing
package codec
