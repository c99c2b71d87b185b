package plan

import (
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
)

// Faults are the errors of a plan that are this program's own.
func (p *Plan) Faults() []string {
	var faults []string
	for _, e := range p.Errors {
		if e.Code == desired.CodeFault {
			faults = append(faults, e.Message)
		}
	}
	return faults
}

// Fill makes every collection present.
func Fill(p *Plan) {
	p.Changes, p.Unenforced = changesOrEmpty(p.Changes), changesOrEmpty(p.Unenforced)
	p.Edits, p.WouldEdit = OrEmpty(p.Edits), OrEmpty(p.WouldEdit)
	p.Blocked, p.Held = OrEmpty(p.Blocked), OrEmpty(p.Held)
	for i := range p.Blocked {
		p.Blocked[i].Change = changesOrEmpty([]Change{p.Blocked[i].Change})[0]
	}
	for i := range p.Held {
		p.Held[i].Change = changesOrEmpty([]Change{p.Held[i].Change})[0]
	}
	p.Unknown, p.Extra, p.Implied = OrEmpty(p.Unknown), OrEmpty(p.Extra), OrEmpty(p.Implied)
	p.Protected, p.Absent, p.Unassigned = OrEmpty(p.Protected), OrEmpty(p.Absent), OrEmpty(p.Unassigned)
	p.Findings, p.Errors, p.Warnings = OrEmpty(p.Findings), OrEmpty(p.Errors), OrEmpty(p.Warnings)
	p.Notices, p.Suspended = OrEmpty(p.Notices), OrEmpty(p.Suspended)
	p.Policies = OrEmpty(p.Policies)
	p.Expiring, p.Starting = OrEmpty(p.Expiring), OrEmpty(p.Starting)
	for i := range p.Findings {
		p.Findings[i].By = OrEmpty(p.Findings[i].By)
	}
}

func changesOrEmpty(cs []Change) []Change {
	for i := range cs {
		cs[i].By, cs[i].LimitedBy, cs[i].Requires = OrEmpty(cs[i].By), OrEmpty(cs[i].LimitedBy), OrEmpty(cs[i].Requires)
	}
	return OrEmpty(cs)
}

// OrEmpty is a list that JSON shows as one where there is none.
func OrEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// Tally counts changes by what they do.
type Tally struct {
	// Add are roles where there were none, Change other roles, Remove no role where
	// there was one.
	Add, Change, Remove int
}

// Count adds a change to the tally. What this version does not carry out has no place
// in it.
func (t *Tally) Count(c Change) {
	switch c.Action {
	case ActionGrant:
		t.Add++
	case ActionRole:
		t.Change++
	case ActionRevoke:
		t.Remove++
	}
}

// TallyOf counts changes.
func TallyOf(changes []Change) Tally {
	var t Tally
	for _, c := range changes {
		t.Count(c)
	}
	return t
}

// Count brings the summary up to date.
func (p *Plan) Count() {
	p.Summary = Summary{
		Unenforced: len(p.Unenforced), Blocked: len(p.Blocked), Held: len(p.Held), Unknown: len(p.Unknown),
		Extra: len(p.Extra), Protected: len(p.Protected),
	}
	for _, c := range p.Changes {
		if c.Effect == Lower {
			p.Summary.Lower++
		} else {
			p.Summary.Raise++
		}
	}
	for _, f := range p.Findings {
		if f.Waived != nil {
			p.Summary.Waived++
		} else {
			p.Summary.Findings++
		}
	}
}

// Name says what people call what r refers to by id: people by e-mail address,
// all else as a reference by name.
func (p *Plan) Name(x *inventory.Index, r inventory.Ref) {
	switch {
	case r.ID == "":
	case r.Kind == inventory.KindUser:
		p.Names[r.String()] = x.Name(r.Kind, r.ID)
	default:
		p.Names[r.String()] = x.Named(r)
	}
}

// Brief is the plan as it is recorded permanently: its changes and edits, with the
// names of what they are about, and without what it only showed.
func (p *Plan) Brief() *Plan {
	brief := &Plan{
		Version: p.Version, Account: p.Account, Now: p.Now, TakenAt: p.TakenAt, Expires: p.Expires,
		Revision: p.Revision, Policies: p.Policies, Changes: p.Changes, Edits: p.Edits, Names: map[string]string{},
	}
	keep := func(ref string) {
		if name, ok := p.Names[ref]; ok {
			brief.Names[ref] = name
		}
	}
	for _, c := range p.Changes {
		keep(inventory.ByID(inventory.KindUser, c.User).String())
		keep(c.Resource.String())
		keep(c.Resource.String() + "/" + c.Layer)
		if c.Kind == Override {
			keep(inventory.ByID(inventory.KindUser, c.Override.Replaces).String())
		}
	}
	Fill(brief)
	brief.Count()
	return brief
}
