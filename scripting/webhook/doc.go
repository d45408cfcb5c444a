// Package webhook is the door through which events leave by themselves: each is posted
// as JSON to one URL, signed, in the order of its call, and tried again when the far
// end fails. What waits is bounded, and no call ever waits for it.
//
//	h, err := webhook.Open(webhook.Options{URL: "https://example.com/hook", Secret: secret, Retries: 8, Calls: manager, Log: log})
//	defer h.Close(ctx)
//
// What a receiver has to know is in docs/webhooks.md.
package webhook
