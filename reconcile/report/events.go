package report

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/dutyward/dutyward/reconcile/outbox"
)

// EventsText prints events with how their deliveries stand.
func EventsText(w io.Writer, all []outbox.Stored, s Style) error {
	p := newPage(w, s)
	if len(all) == 0 {
		p.line("No events.")
	}
	for _, e := range all {
		var body struct {
			Data struct {
				Sentence string `json:"sentence"`
			} `json:"data"`
		}
		_ = json.Unmarshal(e.Body, &body) // without a sentence the rest is said
		p.line("%s  %s  %s", clock(e.At), outbox.Type(e.Code), body.Data.Sentence)
		p.line("    %s", e.ID)
		for _, d := range e.Deliveries {
			p.line("    %s", deliveryText(d))
		}
	}
	return p.err
}

// deliveryText says how a delivery stands.
func deliveryText(d outbox.Delivery) string {
	text := fmt.Sprintf("%s: ", d.Receiver)
	switch d.State {
	case outbox.Delivered:
		text += "delivered " + clock(*d.Settled)
	case outbox.Dead:
		text += "given up after " + Counted(d.Attempts, "attempt")
	default:
		text += "waits"
		if d.Attempts > 0 {
			text += ", " + Counted(d.Attempts, "attempt") + " so far"
		}
	}
	if d.Why != "" {
		text += ": " + d.Why
	}
	return text
}
