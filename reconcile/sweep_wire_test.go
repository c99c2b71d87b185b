package reconcile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

const canary = "canary-4f6e2a91"

// sweepLimit are the requests that the simulator allows in a minute. A 429 that
// says so was not ordered.
const sweepLimit = 240

var errDead = errors.New("the process is dead")

// kill ends a process at one of its calls: a request or a record.
type kill struct {
	at int
	// after lets the call take effect first.
	after bool
	// hard is a process that ends there; otherwise its context does.
	hard bool
}

// call counts a request or a record, and says whether the process is dead
// before it, or right after it.
func (w *trial) call(request bool) (before, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return true, true
	}
	w.calls++
	if request {
		w.requests++
	}
	if w.kill == nil || w.calls != w.kill.at {
		return false, false
	}
	w.cancel()
	w.dead = w.kill.hard
	return w.dead && !w.kill.after, w.dead
}

// RoundTrip carries a request to the simulator, and judges what it changes.
func (w *trial) RoundTrip(r *http.Request) (*http.Response, error) {
	before, after := w.call(true)
	if before {
		return nil, errDead
	}
	if resp, err := w.meddle(r); resp != nil || err != nil {
		return resp, err
	}
	w.wire.Lock()
	defer w.wire.Unlock()
	was := w.state()
	resp, err := w.transport.RoundTrip(w.admit(r))
	if r.Method != http.MethodGet {
		for key, now := range w.state() {
			if was[key] != now {
				w.judge(key, was[key], now, r)
			}
		}
	}
	w.date(resp)
	if err == nil && resp.StatusCode == http.StatusTooManyRequests && resp.Header.Get("ratelimit-limit") == fmt.Sprint(sweepLimit) {
		w.violate("the request budget was exceeded by %s %s", r.Method, r.URL.Path)
	}
	if after {
		return nil, errDead
	}
	return resp, err
}

// admit has the simulator know the token that is valid now.
func (w *trial) admit(r *http.Request) *http.Request {
	sent := strings.TrimPrefix(r.Header.Get("Authorization"), "Token token=")
	admitted := r.Clone(r.Context())
	admitted.Header.Set("Authorization", "Token token="+canary)
	if w.mu.Lock(); sent != w.valid {
		admitted.Header.Set("Authorization", "Token token=revoked")
	}
	w.mu.Unlock()
	return admitted
}

// date has an answer say another time than PagerDuty's, as one from a cache does.
func (w *trial) date(resp *http.Response) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if resp != nil && w.dates != 0 && (w.dated == 0 || w.dated == w.requests) {
		resp.Header.Set("Date", w.clock.Add(w.dates).UTC().Format(http.TimeFormat))
	}
}

// meddle is what happens between two requests of a round: somebody works in
// PagerDuty's pages, or a proxy answers with what it was sent.
func (w *trial) meddle(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	n := w.requests
	meddle, echo := w.meddling[n], w.echoes[n]
	w.mu.Unlock()
	if meddle != nil {
		w.wire.Lock()
		meddle()
		w.wire.Unlock()
	}
	sent := r.Header.Get("Authorization")
	if echo != "" {
		w.wire.Lock()
		w.counts["trouble: echoes"]++
		w.wire.Unlock()
	}
	switch echo {
	case "answer":
		body := fmt.Sprintf(`{"error":{"message":"don't know %s","code":2001,"errors":[%q]}}`, sent, sent)
		return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}, Request: r,
			Body: io.NopCloser(bytes.NewReader([]byte(body)))}, nil
	case "error":
		return nil, fmt.Errorf("proxy: can't send %q", sent)
	}
	return nil, nil
}

// state is the account's truth: roles by team or "account" and user.
func (w *trial) state() map[[2]string]string {
	s := map[[2]string]string{}
	for id := range sweepPeople {
		s[[2]string{"account", id}], _ = w.sim.BaseRole(id)
	}
	for team := range sweepTeams {
		members := w.sim.Members(team)
		for id := range sweepPeople {
			s[[2]string{team, id}] = inventory.None
			if role, ok := members[id]; ok {
				s[[2]string{team, id}] = role
			}
		}
	}
	return s
}

// slack is how long what people do in PagerDuty may go unseen by reads that
// answer old.
const slack = 3 * time.Minute

// unseen is how long it may go unseen in all: a daemon's round may build on an
// earlier reading of the account.
func (w *trial) unseen() time.Duration {
	if w.daemon != nil && w.daemon.why != "schedule" {
		return slack + daemon.MaxAge
	}
	return slack
}

// judge holds one write that took effect against the truth.
func (w *trial) judge(key [2]string, was, now string, r *http.Request) {
	on, user, t := key[0], key[1], w.now()
	kind, rev := kindOf(on), w.inForce()
	name := on
	truth := w.view(user, t)
	said := fmt.Sprintf("%s: %s %s: %s on %s from %s to %s under %q", t.Format(time.RFC3339), r.Method, r.URL.Path, user, on, was, now, rev.name)
	if kind == inventory.KindTeam {
		name = sweepTeams[on]
		base, _ := w.sim.BaseRole(user)
		becomes := rev.want(user, "account", truth) // the plan may change that as well
		if inventory.FixedBaseRole(base) && becomes == inventory.None && t.Sub(w.touched["account "+user]) > w.unseen() {
			w.violate("%s: the team roles of %s are not managed", said, base)
		}
		if since, not := w.untrusted[on]; not && t.Sub(since) > w.unseen() {
			w.violate("%s: the name %s does not mean this team any more", said, name)
		}
	}
	if w.daemon != nil && w.daemon.mayNot() != "" {
		w.violate("%s: %s", said, w.daemon.mayNot())
	}
	if !w.recorded(key) {
		w.violate("%s: there is no record of it", said)
	}
	beyond := slices.ContainsFunc(w.views(rev, user, t), func(v view) bool { return rev.limitsTo(name, user, was, now, v) })
	switch {
	case !rev.named(name) && !beyond, w.unknown(rev, name, w.unseen()), w.protects(rev, user):
		w.violate("%s: nothing says what this should be", said)
		return
	case !rev.named(name): // a limit alone speaks of it (S38)
		w.counts["writes: that a limit alone asks for"]++
		return
	}
	if inventory.CompareRoles(kind, now, was) > 0 {
		w.counts["writes: that raise"]++
		if !slices.ContainsFunc(w.early(rev, user, t), func(v view) bool { return inventory.CompareRoles(kind, now, rev.want(user, name, v)) <= 0 }) {
			w.violate("%s: raised beyond %s", said, rev.want(user, name, truth))
		}
		if before, ok := w.raised[user]; on == "account" && (!ok || inventory.CompareRoles(kind, was, before) < 0) {
			w.raised[user] = was
		}
		return
	}
	w.counts["writes: that lower"]++
	if !slices.ContainsFunc(w.views(rev, user, t), func(v view) bool { return w.mayLower(rev, on, name, user, was, now, v) }) {
		w.violate("%s: lowered where the truth is %s", said, rev.want(user, name, truth))
	}
	if before, ok := w.raised[user]; on == "account" && ok && inventory.CompareRoles(kind, now, before) <= 0 {
		w.lowered[user] = before
		delete(w.raised, user)
	}
}

// early are the views by which somebody may be raised: where answers say another
// time, that of then too.
func (w *trial) early(rev *revision, user string, t time.Time) []view {
	all := w.views(rev, user, t)
	if w.dates == 0 {
		return all
	}
	return append(all, w.views(rev, user, t.Add(w.dates))...)
}

func (w *trial) mayLower(rev *revision, on, name, user, was, now string, v view) bool {
	kind, want := kindOf(on), rev.want(user, name, v)
	if on == "account" && want == inventory.None {
		before, ok := w.raised[user]
		if !ok {
			before, ok = w.lowered[user]
		}
		return ok && inventory.CompareRoles(kind, now, before) >= 0
	}
	return inventory.CompareRoles(kind, want, was) < 0 && inventory.CompareRoles(kind, now, want) >= 0
}

// unknown says that it can't be known what is desired on a resource, and could not
// since a while ago: policies name what is not there, or a team that stands for
// its members is not the one it was.
func (w *trial) unknown(rev *revision, name string, since time.Duration) bool {
	return slices.Contains(rev.unknown, name) || slices.ContainsFunc(rev.grants, func(g grantRule) bool {
		team, ok := strings.CutPrefix(g.who, "team:")
		if !ok || g.on != name {
			return false
		}
		for id, from := range w.untrusted {
			if sweepTeams[id] == team && w.now().Sub(from) >= since {
				return true
			}
		}
		return false
	})
}

// recorded says that the program wrote down that it is about to make a change.
func (w *trial) recorded(key [2]string) bool {
	open, err := w.journal.Pending(context.Background())
	if err != nil {
		w.violate("%v", err)
	}
	resource := key[0]
	if resource == "account" {
		resource = ""
	}
	return slices.ContainsFunc(open, func(i apply.Intent) bool { return i.Changes[0].User == key[1] && i.Changes[0].Resource.ID == resource })
}

func (w *trial) violate(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violations = append(w.violations, fmt.Sprintf(format, args...))
}

// record is the journal of a process that may be dead.
type record struct {
	*journal.Journal
	w *trial
}

var _ reconcile.Record = record{}

// at does a thing that the process may not live to do.
func (r record) at(f func() error) error {
	before, after := r.w.call(false)
	if before {
		return errDead
	}
	if err := f(); err != nil || !after {
		return err
	}
	return errDead
}

func (r record) Memory(ctx context.Context, now time.Time) (m plan.Memory, err error) {
	err = r.at(func() error { m, err = r.Journal.Memory(ctx, now); return err })
	return m, err
}

func (r record) Lock(ctx context.Context) (func() error, error) {
	unlock, err := r.Journal.Lock(ctx)
	if err != nil {
		return nil, err
	}
	return func() error {
		r.w.mu.Lock()
		dead := r.w.dead
		r.w.mu.Unlock()
		if dead {
			return nil
		}
		return unlock()
	}, nil
}

func (r record) Begin(ctx context.Context, p *plan.Plan) (n int64, err error) {
	err = r.at(func() error { n, err = r.Journal.Begin(ctx, p); return err })
	return n, err
}

func (r record) Pin(ctx context.Context, ids map[string]string) error {
	return r.at(func() error { return r.Journal.Pin(ctx, ids) })
}

func (r record) Adopt(ctx context.Context, overrides []plan.OurOverride) error {
	return r.at(func() error { return r.Journal.Adopt(ctx, overrides) })
}

func (r record) SavePolicies(ctx context.Context, revision string, source []byte) error {
	return r.at(func() error { return r.Journal.SavePolicies(ctx, revision, source) })
}

func (r record) Finish(ctx context.Context, round int64, state plan.Round, report any) error {
	return r.at(func() error { return r.Journal.Finish(ctx, round, state, report) })
}

func (r record) Recorder(round int64) apply.Recorder {
	return recorder{r, r.Journal.Recorder(round)}
}

type recorder struct {
	record
	to apply.Recorder
}

func (r recorder) Begin(ctx context.Context, in apply.Intent) (n int64, err error) {
	err = r.at(func() error { n, err = r.to.Begin(ctx, in); return err })
	return n, err
}

func (r recorder) Step(ctx context.Context, in apply.Intent) error {
	return r.at(func() error { return r.to.Step(ctx, in) })
}

func (r recorder) Finish(ctx context.Context, n int64, res apply.Result) error {
	return r.at(func() error { return r.to.Finish(ctx, n, res) })
}

// loadRevisions compiles every revision.
func loadRevisions(ctx context.Context, dir string) ([]*revision, []*eval.Set, error) {
	revisions := sweepRevisions()
	var sets []*eval.Set
	for i, r := range revisions {
		set, err := loadSource(ctx, fmt.Sprintf("%s/%d", dir, i), r.source())
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w\n%s", r.name, err, r.source())
		}
		sets = append(sets, set)
	}
	return revisions, sets, nil
}
