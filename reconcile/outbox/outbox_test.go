package outbox_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/outbox"
)

var at = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func raised() events.Event {
	return events.Event{
		Code: events.AccessRaised, Severity: events.Info, At: at, Title: "raised",
		User:     events.Named{Ref: inventory.ByID(inventory.KindUser, "PANN"), Name: "ann@acme.com"},
		Resource: events.Named{Ref: inventory.ByID(inventory.KindTeam, "PPAY"), Name: "team:Payments"},
		Before:   "none", After: "manager", Details: []events.Detail{{Name: "owner", Value: "dan@acme.com"}},
	}
}

func maker(r outbox.Receiver) outbox.Maker {
	return outbox.Maker{Source: "dutyward/acme", Receivers: []outbox.Receiver{r}, NewID: func() string { return "evt_1" }}
}

// TestAnEventIsACloudEvent holds it to the stock SDK's form.
func TestAnEventIsACloudEvent(t *testing.T) {
	broken := raised()
	broken.Details = []events.Detail{{Name: "what", Value: math.Inf(1)}}
	for name, e := range map[string]events.Event{"ordinary": raised(), "with a detail that has no JSON form": broken, "about nothing": {Code: events.Paused, Title: "paused", At: at}} {
		entry, _ := maker(outbox.Receiver{Name: "ops"}).Make(e)
		var got cloudevents.Event
		if err := json.Unmarshal(entry.Body, &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := got.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got.ID() != "evt_1" || got.Source() != "dutyward/acme" || got.Type() != "dutyward."+outbox.Type(e.Code) || got.Subject() != entry.Subject || !got.Time().Equal(at) {
			t.Errorf("%s: %s", name, got)
		}
		var data struct{ Code, Sentence string }
		if err := got.DataAs(&data); err != nil || data.Code != string(e.Code) || data.Sentence == "" {
			t.Errorf("%s: data %+v, %v", name, data, err)
		}
	}
}

func TestAReceiverGetsWhatItsFiltersLetThrough(t *testing.T) {
	for name, c := range map[string]struct {
		receiver outbox.Receiver
		want     bool
	}{
		"no filter":        {outbox.Receiver{}, true},
		"type":             {outbox.Receiver{Types: []string{"held", "access-*"}}, true},
		"other type":       {outbox.Receiver{Types: []string{"held"}}, false},
		"resource":         {outbox.Receiver{Resources: []string{"team:pay*"}}, true},
		"resource by id":   {outbox.Receiver{Resources: []string{"team:#PPAY"}}, true},
		"other resource":   {outbox.Receiver{Resources: []string{"group:*"}}, false},
		"owner":            {outbox.Receiver{Owners: []string{"Dan@acme.com"}}, true},
		"other owner":      {outbox.Receiver{Owners: []string{"eve@acme.com"}}, false},
		"all":              {outbox.Receiver{Types: []string{"*"}, Resources: []string{"team:*"}, Owners: []string{"*@acme.com"}}, true},
		"all but the type": {outbox.Receiver{Types: []string{"paused"}, Resources: []string{"team:*"}, Owners: []string{"*@acme.com"}}, false},
	} {
		if got := c.receiver.Wants(raised()); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestWhatIsForTheLogAloneIsNotPublished(t *testing.T) {
	quiet := raised()
	quiet.Severity = events.Debug
	for _, e := range []events.Event{quiet, events.Trying(at, "ops"), events.Undeliver(at, "ops", "evt_1", "away")} {
		if _, ok := maker(outbox.Receiver{}).Make(e); ok {
			t.Errorf("%s is published", e.Code)
		}
	}
}

func TestWaitsGrowToHalfAnHourAndHeedTheReceiver(t *testing.T) {
	var got []time.Duration
	for _, n := range []int{0, 1, 2, 5, 10, 1000} {
		got = append(got, outbox.Wait(n, 0, 0), outbox.Wait(n, 0, 1))
	}
	want := []time.Duration{
		5 * time.Second, 2500 * time.Millisecond, 5 * time.Second, 2500 * time.Millisecond, 10 * time.Second, 5 * time.Second,
		80 * time.Second, 40 * time.Second, 30 * time.Minute, 15 * time.Minute, 30 * time.Minute, 15 * time.Minute,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if w := outbox.Wait(1, 10*time.Minute, 0.5); w != 10*time.Minute {
		t.Errorf("asked for ten minutes, waits %s", w)
	}
	if w := outbox.Wait(1, 24*time.Hour, 0.5); w != 30*time.Minute {
		t.Errorf("asked for a day, waits %s", w)
	}
}

// TestEachAnswerHasAVerdict goes through the codes of HTTP.
func TestEachAnswerHasAVerdict(t *testing.T) {
	for status := range 600 {
		want := outbox.NotNow
		switch {
		case status >= 200 && status < 300:
			want = outbox.Took
		case status == 400 || status == 409 || status == 411 || status == 413 || status == 415 || status == 422:
			want = outbox.NotThis
		case status == 410:
			want = outbox.NotAnyMore
		}
		why := ""
		if want != outbox.Took {
			why = "failed"
		}
		if got := (outbox.Answer{Status: status, Why: why}).Verdict(); got != want {
			t.Errorf("%d: %d, want %d", status, got, want)
		}
	}
	if got := (outbox.Answer{Status: 200, Why: "ok is false"}).Verdict(); got != outbox.NotNow {
		t.Errorf("a receiver that answers 200 and says that it failed: %d", got)
	}
}
