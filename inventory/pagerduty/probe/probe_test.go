package probe_test

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerduty/probe"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

func TestTheProbeFindsFactsAndNobodysData(t *testing.T) {
	f, err := os.Open("../../../examples/company/seed.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seed, err := inventory.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	sim, err := pagerdutysim.New(pagerdutysim.Options{Seed: seed, Clock: func() time.Time { return seed.Account.TakenAt }, RateLimit: -1})
	if err != nil {
		t.Fatal(err)
	}
	client, err := pagerduty.New(pagerduty.Options{
		Region: "us", Transport: sim.Transport(), Token: func(context.Context) (string, error) { return "T0KEN", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	facts, err := probe.Facts(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, f := range facts {
		text += f.Name + ": " + f.Found + "\n"
	}
	for _, want := range []string{
		"token: /users/me answers 400", "asked for 1000: status 200, limit 100", "offset 9901 and limit 100: status 400",
		"contact methods included: whole", "assignment strategy without its include: absent", "assignment strategy with its include: status 200, an object",
		"members of events: unknown here: none", "members of users: unknown here: none", "members of layers: unknown here: none",
		"layer-based read of a shift-based schedule: status 400",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, u := range seed.Users {
		if strings.Contains(text, u.Email) || strings.Contains(text, u.Name) || strings.Contains(text, u.ID) {
			t.Errorf("%s is in\n%s", u.Email, text)
		}
	}
	for endpoint := range sim.Requests() {
		if !strings.HasPrefix(endpoint, http.MethodGet+" ") {
			t.Errorf("the probe asked %s", endpoint)
		}
	}
}
