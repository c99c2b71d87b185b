package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// told is what the log was told, so that a standing condition is told when it
// begins, when it changes and when it ends, and not again after a restart (S28).
// The exported fields are what the next process needs to know.
type told struct {
	Paused bool `json:"paused"`
	// Errors is what the last plan could not do, as one text.
	Errors string `json:"errors"`
	// Held and Findings are the keys of the changes that wait for a word, and of
	// the open findings.
	Held map[string]bool `json:"held"`
	// Edited are the keys of the lowerings that wait for an edit to hold still.
	Edited   map[string]bool `json:"edited"`
	Findings map[string]bool `json:"findings"`
	// Expiring is the access that was said to end soon.
	Expiring map[string]bool `json:"expiring"`
	// Broken, Suspended and Clock are the status's, as long as they last.
	Broken    *Condition `json:"policies_broken"`
	Suspended *Condition `json:"lowering_suspended"`
	Clock     *Condition `json:"clock_doubted"`
	// Alarms are those that stand.
	Alarms []apply.EditAlarmed `json:"alarms"`

	// alarmed are the texts of alarms that this process told, and open the sentences
	// about edits that are not at an end.
	alarmed, open map[string]bool
	// failures are the changes that did not come about, and why.
	failures map[string]string
	// summary is that of the last round that was told.
	summary *plan.Summary
	// known says that a round was told before, by this process or another.
	known bool
	// kept is what the record holds of this, and unkept why it could not be kept.
	kept, unkept string
	// panicked is the last panic.
	panicked string
}

// recall learns what the process before this one told.
func (d *Daemon) recall(ctx context.Context) error {
	if d.told.known || d.told.kept != "" {
		return nil
	}
	text, err := d.Record.Told(ctx)
	if err != nil || text == nil {
		return err
	}
	t := told{kept: string(text), known: true}
	if err := json.Unmarshal(text, &t); err != nil {
		return fmt.Errorf("what was told before this start can't be read: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = t
	d.status.Broken, d.status.Suspended, d.status.Clock, d.status.Alarms = t.Broken, t.Suspended, t.Clock, t.Alarms
	return nil
}

// keep keeps what was told for the process after this one. If it can't, the
// worst is that something is told twice.
func (d *Daemon) keep(ctx context.Context) {
	d.mu.Lock()
	d.told.Broken, d.told.Suspended, d.told.Clock = d.status.Broken, d.status.Suspended, d.status.Clock
	text, err := json.Marshal(d.told)
	d.mu.Unlock()
	if err == nil && string(text) != d.told.kept {
		err = d.Record.SaveTold(context.WithoutCancel(ctx), text)
	}
	switch {
	case err == nil:
		d.told.kept, d.told.unkept = string(text), ""
	case err.Error() != d.told.unkept:
		d.told.unkept = err.Error()
		d.Log.Warn("what was told can't be kept, a restart will tell it again", "error", err)
	}
}

// tellPanic tells where the program is at fault, once each time it is another
// fault: that the round failed is told by the loop.
func (d *Daemon) tellPanic(err error, stack []byte) {
	if d.told.panicked != err.Error() {
		d.told.panicked = err.Error()
		d.Log.Error("the program is at fault", "error", err, "stack", string(stack))
	}
}

func (d *Daemon) tellPause(p *reconcile.Pause) {
	was := d.told.Paused
	d.told.Paused = p != nil
	switch {
	case p != nil && !was:
		d.Log.Warn("writing is paused, reporting goes on", "since", p.Since, "reason", p.Reason)
	case p == nil && was:
		d.Log.Info("writing goes on")
	}
}

// tellBroken tells that the policies as they stand are not in force.
func (d *Daemon) tellBroken(err error, hasGood bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.status.Broken
	why := err.Error()
	var problems policies.Problems
	if errors.As(err, &problems) && len(problems.Errors()) > 0 {
		why = problems.Errors().Error() // and no warnings
	}
	if was != nil && was.Why == why {
		return
	}
	now := Condition{Since: d.Now().UTC(), Why: why}
	if was != nil {
		now.Since = was.Since
	}
	d.status.Broken = &now
	if hasGood { // else the round fails, and its error says it
		d.Log.Error("the policies are broken, the last good ones stay in force", "problem", why)
	}
}

func (d *Daemon) tellMended() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.status.Broken != nil {
		d.Log.Info("the policies are mended and in force", "broken_since", d.status.Broken.Since)
		d.status.Broken = nil
	}
}

// tellSuspended tells whether anything is lowered.
func (d *Daemon) tellSuspended(p *plan.Plan) {
	d.tellCondition(&d.status.Suspended, strings.Join(p.Suspended, "; "), "nothing is lowered for now", "lowering goes on")
}

// tellClock tells whether the time is trusted.
func (d *Daemon) tellClock(doubt string) {
	d.tellCondition(&d.status.Clock, doubt, "the clock can't be trusted, nothing that depends on the time is lowered", "the clock is trusted again")
}

// tellFault tells whether this program is at fault about a part of the account.
func (d *Daemon) tellFault(p *plan.Plan) {
	d.tellCondition(&d.status.Fault, strings.Join(p.Faults(), "; "), "the program is at fault: what it concerns is left as it is", "the program is not at fault any more")
}

// tellCondition tells a condition when it begins, when its reason changes and
// when it ends: with an empty reason.
func (d *Daemon) tellCondition(at **Condition, why, begins, ends string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch was := *at; {
	case why == "" && was != nil:
		d.Log.Info(ends, "since", was.Since)
		*at = nil
	case why == "":
	case was == nil:
		d.Log.Warn(begins, "why", why)
		*at = &Condition{Since: d.Now().UTC(), Why: why}
	case was.Why != why:
		d.Log.Warn(begins, "why", why, "since", was.Since)
		*at = &Condition{Since: was.Since, Why: why}
	}
}

func (d *Daemon) tellErrors(p *plan.Plan) {
	var texts []string
	for _, e := range p.Errors {
		if !slices.Contains(texts, e.Message) { // once, however many rules it befalls
			texts = append(texts, e.Message)
		}
	}
	text := strings.Join(texts, "; ")
	if text == d.told.Errors {
		return
	}
	d.told.Errors = text
	if text == "" {
		d.Log.Info("the round does all it is asked to again")
		return
	}
	d.Log.Error("the round could not do all it was asked to", "errors", len(texts), "problem", text)
}

// burst is how many conditions that begin at once are told one by one; more are
// one line (S28).
const burst = 5

// tellHeld tells what waits for a person. What waits only for something to be
// mended is told with that.
func (d *Daemon) tellHeld(p *plan.Plan) {
	var waiting, edited []plan.Held
	var keys, editedKeys []string
	for _, h := range p.Held {
		switch {
		case h.Rule == "S32": // the refusal was told
		case h.Rule == "S37":
			edited = append(edited, h)
			editedKeys = append(editedKeys, h.ID)
		case h.Releasable():
			waiting = append(waiting, h)
			keys = append(keys, h.ID)
		}
	}
	fresh, ended := news(&d.told.Held, keys)
	freshEdited, _ := news(&d.told.Edited, editedKeys)
	if !d.told.known {
		return // the digest counts them
	}
	d.tellEdited(p, edited, freshEdited)
	for _, i := range fresh {
		h := waiting[i]
		if len(fresh) > burst {
			d.Log.Warn("changes held until a person releases them", "changes", len(fresh), "first", h.ID, "rule", h.Rule, "why", h.Why, "release", "see `dutyward holds`")
			break
		}
		d.Log.Warn("held until a person releases it", append(what(p, h.Change), "key", h.ID, "rule", h.Rule, "why", h.Why, "release", h.Release)...)
	}
	if len(ended) > 0 {
		d.Log.Info("held no longer", "changes", len(ended), "keys", some(ended))
	}
}

// tellEdited tells what an edit lowers once it held still.
func (d *Daemon) tellEdited(p *plan.Plan, held []plan.Held, fresh []int) {
	if len(fresh) == 0 {
		return
	}
	first := held[fresh[0]]
	line := []any{"changes", len(fresh), "first", first.ID, "rule", first.Rule, "why", first.Why}
	if len(fresh) == 1 {
		line = append(what(p, first.Change), "key", first.ID, "rule", first.Rule, "why", first.Why)
	}
	if first.Acts != nil {
		line = append(line, "until", *first.Acts)
	}
	d.Log.Warn("what an edit lowers waits until the edit held still", append(line, "release", "commit it, or see `dutyward holds`")...)
}

func (d *Daemon) tellFindings(p *plan.Plan, s *inventory.Snapshot) {
	var open []plan.Finding
	var keys []string
	for _, f := range p.Findings {
		if f.Waived == nil {
			open = append(open, f)
			keys = append(keys, f.Rule+" "+f.Subject.String()+" "+f.Resource.String())
		}
	}
	fresh, ended := news(&d.told.Findings, keys)
	if !d.told.known {
		return // the digest counts them
	}
	for _, i := range fresh {
		f := open[i]
		if len(fresh) > burst {
			n := openFindings(p)
			d.Log.Warn("findings", "new", len(fresh), "critical", n["critical"], "high", n["high"], "medium", n["medium"], "low", n["low"])
			break
		}
		d.Log.Warn("finding", "severity", f.Severity, "rule", f.Rule, "subject", reconcile.Name(p, f.Subject.String()), "message", f.Message, "remediation", f.Remediation)
	}
	if len(ended) > 0 {
		index := inventory.NewIndex(s)
		for i, key := range ended {
			ended[i] = readable(index, key)
		}
		d.Log.Info("findings are gone", "findings", len(ended), "which", some(ended))
	}
}

// readable is a finding's key with names for ids.
func readable(index *inventory.Index, key string) string {
	parts := strings.SplitN(key, " ", 3)
	for i := 1; i < len(parts); i++ {
		if ref, err := inventory.ParseRef(parts[i]); err == nil && ref.ID != "" {
			parts[i] = index.Named(ref)
		}
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// news are the indices of the keys that were not there before, and those that are
// gone, sorted. The keys take the place of those before.
func news(before *map[string]bool, keys []string) (fresh []int, ended []string) {
	now := map[string]bool{}
	for i, k := range keys {
		if !now[k] && !(*before)[k] {
			fresh = append(fresh, i)
		}
		now[k] = true
	}
	for k := range *before {
		if !now[k] {
			ended = append(ended, k)
		}
	}
	slices.Sort(ended)
	*before = now
	return fresh, ended
}

// what says which change it is.
func what(p *plan.Plan, c plan.Change) []any {
	return []any{
		"user", strings.TrimPrefix(reconcile.Name(p, "user:#"+c.User), "user:"), "resource", reconcile.Name(p, c.Resource.String()),
		"before", c.Before, "after", c.After, "cause", c.Cause,
	}
}

// step tells and counts a change. One that did not come about is told again
// only for another reason.
func (d *Daemon) step(p *plan.Plan, s apply.Step) {
	if s.Outcome == nil || s.Outcome.Status == apply.Skipped {
		return
	}
	c, o := s.Change, *s.Outcome
	d.mu.Lock()
	defer d.mu.Unlock()
	if o.Alarm != "" {
		d.alarm(o.Alarm, what(p, c)...)
	}
	if o.Status.Succeeded() {
		delete(d.told.failures, c.ID)
		if !o.Wrote {
			return
		}
		d.status.count(c)
		said := "raised"
		if c.Effect == plan.Lower {
			said = "lowered"
		}
		d.Log.Info(said, append(what(p, c), "reason", c.Reason)...)
		return
	}
	d.status.Undone++
	why := o.Why
	if o.Waits { // the path of the request tells one try from the next, not its reason
		_, why, _ = strings.Cut(o.Cause(), ": ")
	}
	if d.told.failures[c.ID] == why || apply.Unaccepted(o.Err()) { // that ends the round, whose error says it

		return
	}
	if d.told.failures == nil {
		d.told.failures = map[string]string{}
	}
	d.told.failures[c.ID] = why
	d.Log.Warn("not changed", append(what(p, c), "status", o.Status, "why", o.Why)...)
}

// tellRound tells the round as one line: loudly if it did something or its plan
// counts otherwise than the one before.
func (d *Daemon) tellRound(done *reconcile.Applied, why string, err error) {
	if done == nil || done.Result == nil {
		return
	}
	p := done.Plan
	d.tellSuspended(p)
	d.tellClock(done.ClockDoubt)
	d.tellFault(p)
	d.tellErrors(p)
	d.tellHeld(p)
	d.tellFindings(p, done.Snapshot)
	d.tellExpiring(p)
	if n := len(done.Recovered); n > 0 {
		d.Log.Info("what became of writes that an earlier run left open is recorded now", "writes", n)
	}
	s := p.Summary
	var counts apply.Counts
	if done.Report != nil {
		counts = done.Report.Counts
	}
	d.forget(p)
	if !d.told.known {
		d.told.known, d.told.summary = true, &s
		d.tellFirst(p, counts.Done)
		return
	}
	log := d.Log.Debug
	if err == nil && (counts != (apply.Counts{}) || d.told.summary == nil || *d.told.summary != s) {
		log = d.Log.Info
	}
	d.told.summary = &s
	log("round", "why", why, "due", s.Raise+s.Lower, "done", counts.Done,
		"held", s.Held, "blocked", s.Blocked, "unknown", s.Unknown, "observed", s.Observed, "drift", s.Drift, "findings", s.Findings)
}

// tellFirst tells the first round of all as one digest (S28): what stands now
// is not told again, what begins or ends from here on is.
func (d *Daemon) tellFirst(p *plan.Plan, done int) {
	s, open := p.Summary, openFindings(p)
	line := []any{
		"due", s.Raise + s.Lower, "done", done, "held", s.Held, "blocked", s.Blocked, "unknown", s.Unknown, "observed", s.Observed, "drift", s.Drift,
		"critical", open["critical"], "high", open["high"], "medium", open["medium"], "low", open["low"],
	}
	var keys, findings []string
	for _, h := range p.Held {
		keys = append(keys, h.ID)
	}
	for _, f := range p.Findings {
		if f.Waived == nil {
			findings = append(findings, f.Severity+": "+f.Message)
		}
	}
	log := d.Log.Info
	if len(keys)+len(findings) > 0 {
		log = d.Log.Warn
		line = append(line, "key", some(keys), "message", some(findings))
	}
	log("first round", line...)
}

// some are the first of many, as one text.
func some(texts []string) string {
	if more := len(texts) - burst; more > 0 {
		return strings.Join(texts[:burst], "; ") + fmt.Sprintf("; and %d more", more)
	}
	return strings.Join(texts, "; ")
}

// forget forgets the failures of changes that are not due any more.
func (d *Daemon) forget(p *plan.Plan) {
	due := map[string]bool{}
	for _, c := range p.Changes {
		due[c.ID] = true
	}
	for _, h := range p.Held {
		due[h.ID] = due[h.ID] || h.Rule == "S32" // its failure is not told anew with each try
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.told.failures, func(id, _ string) bool { return !due[id] })
}
