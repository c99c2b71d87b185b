package forecast_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/reconcile/forecast"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
)

func TestS25_AForecastSaysWhenWhatWasTooLongBegins(t *testing.T) {
	in := Input(Account(), Grants("user:di@acme.com team:Search responder until 60", "user:cy@acme.com team:Search responder"))
	in.Settings.Longest = 48 * time.Hour
	WantSteps(t, in, 4,
		"Tue 17 00:00 team:Search di none>responder facts",
		"Thu 19 00:00 team:Search di responder>none expiry",
	)
}

func TestS14_WhatADateBeginsSaysFromWhen(t *testing.T) {
	st := Also(Rotation("ann bob cy Weekly"), "user:di@acme.com schedule:Weekly rotation from 24", "user:di@acme.com team:Payments responder from 24 until 48", "user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder")
	f, err := forecast.Foresee(Input(Turns(), st), At(72))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range f.Steps {
		for _, c := range s.Changes {
			got = append(got, string(c.Cause)+" "+c.Before+">"+c.After+": "+c.Reason)
		}
	}
	want := []string{
		"expiry none>rotation: granted from 2026-03-17 12:00 UTC",
		"expiry none>responder: granted from 2026-03-17 12:00 UTC until 2026-03-18 12:00 UTC",
		"expiry responder>none: the grant ended 2026-03-18 12:00 UTC",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
