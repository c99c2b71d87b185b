package catalogue

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerdutysim/answer"
)

// Secret is what the deliveries of a subscription are signed with.
func Secret(subscription string) string {
	sum := sha256.Sum256([]byte("webhook secret of " + subscription))
	return hex.EncodeToString(sum[:])
}

// Sign is the value of the header X-PagerDuty-Signature for a body. Source:
// PagerDuty's developer documentation, "Webhook Signatures".
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Event is what a webhook tells.
type Event struct {
	ID, Type     string
	At           time.Time
	Service      string
	Teams        []string
	Agent        any
	ResourceType string
	Data         any
}

// Delivery is a request that tells a subscriber of an event.
type Delivery struct {
	URL, ID, Subscription, Signature string
	Headers                          map[string]string
	Body                             []byte
}

// Deliveries are the requests that an event makes: one for each active subscription
// to its type whose filter it fits, or for the one named alone.
func (s *Store) Deliveries(e Event, only string) []Delivery {
	var list []Delivery
	for _, o := range s.Of("/webhook_subscriptions") {
		active, _ := o["active"].(bool)
		if only != "" && text(o, "id") != only || only == "" && !(active && fits(o, e)) {
			continue
		}
		method, _ := o["delivery_method"].(map[string]any)
		body, err := json.Marshal(answer.Object{"event": answer.Object{
			"id": e.ID, "event_type": e.Type, "resource_type": e.ResourceType, "occurred_at": e.At.Format("2006-01-02T15:04:05.000Z"),
			"agent": e.Agent, "client": nil, "data": e.Data,
		}})
		if err != nil {
			continue
		}
		d := Delivery{
			URL: text(method, "url"), ID: e.ID, Subscription: text(o, "id"), Body: body,
			Signature: Sign(text(method, "secret"), body), Headers: map[string]string{},
		}
		custom, _ := method["custom_headers"].([]any)
		for _, h := range custom {
			if h, ok := h.(map[string]any); ok {
				d.Headers[text(h, "name")] = text(h, "value")
			}
		}
		list = append(list, d)
	}
	return list
}

func fits(o answer.Object, e Event) bool {
	events, _ := o["events"].([]any)
	if !slices.Contains(events, any(e.Type)) {
		return false
	}
	filter, _ := o["filter"].(map[string]any)
	switch text(filter, "type") {
	case "service_reference":
		return text(filter, "id") == e.Service
	case "team_reference":
		return slices.Contains(e.Teams, text(filter, "id"))
	}
	return true
}

// enable makes a subscription active again.
func (d Desk) enable(w http.ResponseWriter, _ *http.Request, k kind, path string, o answer.Object) {
	after := maps.Clone(o)
	after["active"] = true
	d.Store().put(path, after)
	answer.JSON(w, http.StatusOK, answer.Object{k.one: d.view(k, path, after)})
}

// ping tells a subscriber something that means nothing.
func (d Desk) ping(w http.ResponseWriter, _ *http.Request, _ kind, _ string, o answer.Object) {
	e := Event{ID: d.Host.NewID(), Type: "pagey.ping", At: d.Host.Now(), ResourceType: "pagey",
		Data: answer.Object{"message": "Hello from your friend Pagey!", "type": "ping"}}
	d.Deliver(d.Store().Deliveries(e, text(o, "id")))
	w.WriteHeader(http.StatusAccepted)
}

// patience is how long a subscriber has to answer. Source: PagerDuty's developer
// documentation, "Webhooks Overview".
const patience = 5 * time.Second

// Send carries a delivery out, once, and to this machine alone: a rehearsal tells
// nobody outside.
func (d Delivery) Send(client *http.Client) {
	if !local(d.URL) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return
	}
	for name, value := range d.Headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "PagerDuty-Webhook/V3.0")
	r.Header.Set("X-PagerDuty-Signature", d.Signature)
	r.Header.Set("X-Webhook-Id", d.ID)
	r.Header.Set("X-Webhook-Subscription", d.Subscription)
	if resp, err := client.Do(r); err == nil {
		resp.Body.Close()
	}
}

func local(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
