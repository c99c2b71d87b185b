package pagerduty_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// colleague is a client with another token on the same account.
func (a *again) colleague(t *testing.T) *pagerduty.Client {
	t.Helper()
	return client(t, a.sim.Transport(), withoutWaiting, func(o *pagerduty.Options) {
		o.Token = func(context.Context) (string, error) { return colleagues, nil }
	})
}

// audit reads what others changed, and has it read again.
func (a *again) audit(from inventory.AuditCursor) (inventory.Audited, *inventory.Snapshot, []string, error) {
	a.sent = a.sim.Requests()
	found, err := a.c.Audit(a.t.Context(), from)
	if err != nil {
		return found, nil, nil, err
	}
	s, changed, err := a.c.Reread(a.t.Context(), a.base, found)
	return found, s, changed, err
}

func first(s *inventory.Snapshot) inventory.AuditCursor {
	return inventory.AuditCursor{Since: s.Account.TakenAt}
}

// Promises: what others change in people and memberships is found by the audit trail,
// and reading only that again gives what reading the whole account gives.
func TestWhatOthersChangedIsFoundByTheAuditTrail(t *testing.T) {
	seed := company(t)
	rapid.Check(t, func(rt *rapid.T) {
		a := readThenAgain(t, seed)
		other, ctx := a.colleague(t), t.Context()
		users := slices.Sorted(maps.Keys(a.base.Users))
		teams := slices.Sorted(maps.Keys(a.base.Teams))
		cursor := first(a.base)
		for range rapid.IntRange(1, 4).Draw(rt, "rounds") {
			a.now = a.now.Add(time.Duration(rapid.IntRange(1, 900).Draw(rt, "seconds")) * time.Second)
			for range rapid.IntRange(0, 3).Draw(rt, "changes") {
				user, team := rapid.SampledFrom(users).Draw(rt, "user"), rapid.SampledFrom(teams).Draw(rt, "team")
				who := other
				if rapid.IntRange(0, 5).Draw(rt, "a user token") == 0 {
					who = a.c
				}
				switch rapid.IntRange(0, 2).Draw(rt, "change") { // refusals change nothing
				case 0:
					_ = who.SetBaseRole(ctx, a.base.Users[user], rapid.SampledFrom([]string{"user", "limited_user", "observer", "admin"}).Draw(rt, "role"))
				case 1:
					_ = who.PutTeamMember(ctx, team, user, rapid.SampledFrom([]string{"observer", "responder", "manager"}).Draw(rt, "role"))
				case 2:
					_ = who.RemoveTeamMember(ctx, team, user)
				}
				if who == a.c { // its own writes are known to who made them
					if is, err := a.c.Snapshot(ctx, pagerduty.SnapshotOptions{}); err == nil {
						a.base.Users, a.base.Teams, a.base.Licenses = is.Users, is.Teams, is.Licenses
					}
				}
			}
			found, got, _, err := a.audit(cursor)
			if err != nil {
				rt.Fatalf("%v\n%+v", err, found)
			}
			want, err := a.c.Snapshot(ctx, pagerduty.SnapshotOptions{})
			if err != nil {
				rt.Fatal(err)
			}
			for what, pair := range map[string][2]any{
				"users": {want.Users, got.Users}, "teams": {want.Teams, got.Teams}, "licenses": {want.Licenses, got.Licenses},
			} {
				if d := cmp.Diff(pair[0], pair[1]); d != "" {
					rt.Fatalf("%s read again differ from all (-all +again):\n%s", what, d)
				}
			}
			a.base, cursor = got, found.Next
		}
	})
}

func TestTheAuditTrailIsReadOnceAndOwnWritesAreNoNews(t *testing.T) {
	a := readThenAgain(t, company(t))
	other, ctx := a.colleague(t), t.Context()
	a.now = a.now.Add(time.Minute)
	if err := other.PutTeamMember(ctx, "PTSEARC", "PMOBI02", "observer"); err != nil {
		t.Fatal(err)
	}
	found, s, changed, err := a.audit(first(a.base))
	if err != nil || !slices.Equal(found.Teams, []string{"PTSEARC"}) || !slices.Contains(changed, "PTSEARC") {
		t.Fatalf("found %+v, changed %v: %v", found, changed, err)
	}
	if role := s.Users["PMOBI02"].Teams["PTSEARC"]; role != "observer" {
		t.Errorf("%q on the team, want observer", role)
	}
	a.base, a.now = s, a.now.Add(2*time.Minute)
	settled, _, changed, err := a.audit(found.Next)
	if err != nil || len(changed) > 0 {
		t.Errorf("what was read again changed %v: %v", changed, err)
	}
	a.now = a.now.Add(time.Minute)
	if again, _, changed, err := a.audit(settled.Next); err != nil || !again.Empty() || len(changed) > 0 {
		t.Errorf("a record is news for ever: %+v, changed %v: %v", again, changed, err)
	}
	if d := cmp.Diff(map[string]int{"GET /audit/records": 1}, a.took()); d != "" {
		t.Errorf("requests of a quiet look (-want +got):\n%s", d)
	}
	if err := a.c.RemoveTeamMember(ctx, "PTSEARC", "PMOBI02"); err != nil {
		t.Fatal(err)
	}
	if ours, _, _, err := a.audit(settled.Next); err != nil || !ours.Empty() {
		t.Errorf("own writes are news: %+v: %v", ours, err)
	}
}

// answersOld answers what was answered before, for as long as it is on.
type answersOld struct {
	http.RoundTripper
	on bool

	mu     sync.Mutex // of before: a client asks concurrently
	before map[string][]byte
}

func (o *answersOld) RoundTrip(r *http.Request) (*http.Response, error) {
	key := r.Method + " " + r.URL.String()
	resp, err := o.RoundTripper.RoundTrip(r)
	if err != nil || r.URL.Path == "/audit/records" {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if old, known := o.before[key]; known && o.on {
		body = old
	} else {
		o.before[key] = body
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// For two minutes PagerDuty may answer as it was before the change (S9).
func TestWhatPagerDutyDoesNotShowYetIsReadOnceMore(t *testing.T) {
	a := readThenAgain(t, company(t))
	old := &answersOld{RoundTripper: a.sim.Transport(), before: map[string][]byte{}}
	a.c = client(t, old, withoutWaiting)
	if _, err := a.c.Snapshot(t.Context(), pagerduty.SnapshotOptions{}); err != nil {
		t.Fatal(err)
	}
	a.now = a.now.Add(time.Minute)
	if err := a.colleague(t).PutTeamMember(t.Context(), "PTSEARC", "PMOBI02", "observer"); err != nil {
		t.Fatal(err)
	}
	a.now, old.on = a.now.Add(time.Second), true
	found, s, changed, err := a.audit(first(a.base))
	if err != nil || !slices.Equal(found.Teams, []string{"PTSEARC"}) || len(changed) > 0 {
		t.Fatalf("found %+v, changed %v: %v; want an answer from before", found, changed, err)
	}
	a.base, a.now, old.on = s, a.now.Add(time.Minute), false
	if _, s, changed, err := a.audit(found.Next); err != nil || !slices.Equal(changed, []string{"PTSEARC"}) || s.Users["PMOBI02"].Teams["PTSEARC"] != "observer" {
		t.Errorf("changed %v: %v; want the change found later", changed, err)
	}
}

// Who is new, and who and what is gone, takes a few requests and not the account.
func TestWhatIsCreatedAndDeletedIsReadByItself(t *testing.T) {
	a := readThenAgain(t, company(t))
	a.now, a.from = a.now.Add(time.Minute), "dan.weber@acme.test"
	a.sendAs(colleagues, "POST", "/users", `{"user":{"type":"user","name":"Nia New","email":"nia@acme.test"}}`)
	a.sendAs(colleagues, "POST", "/teams", `{"team":{"type":"team","name":"New Team"}}`)
	cursor := first(a.base)
	for _, what := range []string{"created", "deleted"} {
		found, got, changed, err := a.audit(cursor)
		if err != nil || len(changed) == 0 {
			t.Fatalf("%s: %v: %v", what, changed, err)
		}
		n := 0
		for _, sent := range a.took() {
			n += sent
		}
		if n > 8 {
			t.Errorf("%s: %d requests: %v", what, n, a.took())
		}
		want, err := a.c.Snapshot(t.Context(), pagerduty.SnapshotOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want.Users, got.Users) + cmp.Diff(want.Teams, got.Teams) + cmp.Diff(want.Licenses, got.Licenses); d != "" {
			t.Errorf("%s: read again differs from all (-all +again):\n%s", what, d)
		}
		for _, id := range changed {
			if what == "deleted" {
				break
			}
			if got.Users[id].ID != "" {
				a.sendAs(colleagues, "DELETE", "/users/"+id, "")
			} else {
				a.sendAs(colleagues, "DELETE", "/teams/"+id, "")
			}
		}
		a.base, a.now, cursor = got, a.now.Add(5*time.Minute), found.Next
	}
}

func TestWhatOnlyAFullRefreshTellsIsSaidSo(t *testing.T) {
	a := readThenAgain(t, company(t))
	a.now, a.from = a.now.Add(time.Minute), "dan.weber@acme.test"
	id := slices.Sorted(maps.Keys(a.base.Teams))[0]
	a.sendAs(colleagues, "PUT", "/teams/"+id, `{"team":{"type":"team","name":"Another Name"}}`)
	_, _, _, err := a.audit(first(a.base))
	var outdated *inventory.OutdatedError
	if !errors.As(err, &outdated) {
		t.Errorf("%v, want that a team is called otherwise", err)
	}
}

func TestWithoutAnAuditTrailTheReasonIsTold(t *testing.T) {
	seed := company(t)
	sim := simulate(t, seed, func(o *pagerdutysim.Options) { o.NoAuditTrail = true })
	_, err := client(t, sim.Transport(), withoutWaiting).Audit(t.Context(), inventory.AuditCursor{Since: seed.Account.TakenAt})
	var none *inventory.NoAuditError
	if !errors.As(err, &none) || none.Why == "" {
		t.Errorf("%v, want that there is none", err)
	}
}
