package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff/codes"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// enforce takes out of the proposed changes what operators only want to see
// (modes observe and grant-only) or do not manage at all.
func (b *builder) enforce() {
	unmanaged := map[string]int{}
	kept := make([]plan.Change, 0, len(b.proposed))
	for _, c := range b.proposed {
		switch mode := b.mode(c.Resource); {
		case mode == plan.Unmanaged:
			unmanaged[b.resourceName(c.Resource)]++
		case mode == plan.Observe, mode == plan.GrantOnly && c.Effect == plan.Lower:
			b.plan.Unenforced = append(b.plan.Unenforced, c)
		default:
			kept = append(kept, c)
		}
	}
	b.proposed = kept
	for name, n := range unmanaged {
		b.warn(codes.NotIncluded, "policies would make %d changes of %s, which `include` leaves out: nothing is done there", n, name)
	}
}

// enforced says whether a change of this effect would be made on the resource.
func (b *builder) enforced(c plan.Change) bool {
	mode := b.mode(c.Resource)
	return mode == plan.Sync || mode == plan.GrantOnly && c.Effect == plan.Raise
}

// neverEnding warns of windowed grants on resources in grant-only (S19): what
// they give would never be taken back.
func (b *builder) neverEnding() {
	seen := map[desired.Notice]bool{}
	for target, grants := range b.access.Grants {
		for _, g := range grants {
			if g.UntilKind != desired.BoundDate || b.mode(target.Resource) != plan.GrantOnly {
				continue
			}
			for _, by := range g.By {
				seen[desired.Notice{Code: codes.Endless, About: target.Resource, Origin: by.Origin, Message: fmt.Sprintf(
					"this grant has an end, but %s is in grant-only, where nothing is taken back", b.resourceName(target.Resource))}] = true
			}
		}
	}
	for n := range seen {
		b.plan.Warnings = append(b.plan.Warnings, n)
	}
}

// baseAfter is a person's base role once the plan's changes are made.
func (b *builder) baseAfter(user string) string {
	if c, ok := b.bases[user]; ok && b.enforced(c) && !b.keptBases[user] {
		return c.After
	}
	return b.in.Snapshot.RoleOf(user, inventory.AccountRef)
}

// indexBases notes the changes of base roles that are proposed now.
func (b *builder) indexBases() {
	b.bases = map[string]plan.Change{}
	for _, c := range b.proposed {
		if c.Kind == plan.BaseRole {
			b.bases[c.User] = c
		}
	}
}

// target narrows the changes to those asked for, with what they need. The
// limits on lowerings have counted all of them before.
func (b *builder) target() {
	if len(b.in.Settings.Targets) == 0 {
		return
	}
	all := len(b.proposed)
	byID := map[string]plan.Change{}
	for _, c := range b.proposed {
		byID[c.ID] = c
	}
	wanted := map[string]bool{}
	var need func(c plan.Change) (lowering string)
	need = func(c plan.Change) string {
		for _, id := range c.Requires {
			other := byID[id]
			if other.Effect == plan.Lower && !b.targeted(other) {
				return id
			}
			if lowering := need(other); lowering != "" {
				return lowering
			}
		}
		return ""
	}
	var want func(c plan.Change)
	want = func(c plan.Change) {
		wanted[c.ID] = true
		for _, id := range c.Requires {
			want(byID[id])
		}
	}
	for _, c := range b.proposed {
		if !b.targeted(c) {
			continue
		}
		if lowering := need(c); lowering != "" {
			b.block(c, obstacle{codes.BlockedNotTargeted, "it needs " + b.describe(lowering) + ", a lowering that is not targeted", "target that as well"})
			continue
		}
		want(c)
	}
	for _, c := range b.proposed {
		if !wanted[c.ID] {
			b.untargeted = append(b.untargeted, c)
		}
	}
	b.proposed = slices.DeleteFunc(b.proposed, func(c plan.Change) bool { return !wanted[c.ID] })
	b.notify(codes.Narrowed, "narrowed to %s: %d of %d changes",
		strings.Join(b.in.Settings.Targets, ", "), len(b.proposed), all)
}

// checkTargets errs where a target names nothing: a plan narrowed to a typing
// error would read as if there were nothing to do.
func checkTargets(s *inventory.Snapshot, targets []string) error {
	for _, t := range targets {
		kind, pattern, named := strings.Cut(t, ":")
		names := map[string]string{}
		switch {
		case t == string(inventory.KindAccount), !named && strings.Contains(t, "/"): // the latter is a change's key
			continue
		case inventory.Kind(kind) == inventory.KindUser:
			pattern = strings.ToLower(pattern)
			for id, u := range s.Users {
				names[id] = strings.ToLower(u.Email)
			}
		case slices.Contains(targetKinds(), inventory.Kind(kind)):
			names = maps.Collect(s.Things(inventory.Kind(kind)))
		default:
			return fmt.Errorf("target %s: expected %s, account or the key of a change%s", t, expectedTargets(), nearestTarget(s, t))
		}
		matches := false
		for id, name := range names {
			matches = matches || plan.Matches(pattern, id, name)
		}
		if matches {
			continue
		}
		if near, ok := inventory.Nearest(pattern, slices.Sorted(maps.Values(names))); ok {
			return fmt.Errorf("target %s names nothing in the account; did you mean %s:%s?", t, kind, near)
		}
		return fmt.Errorf("target %s names nothing in the account", t)
	}
	return nil
}

// targetKinds are the kinds of things that a plan can be narrowed to: people, and what
// there is access to.
func targetKinds() []inventory.Kind {
	on := resourceKinds()
	return slices.DeleteFunc(inventory.NamedKinds(), func(kind inventory.Kind) bool {
		return kind != inventory.KindUser && !slices.Contains(on, kind)
	})
}

// expectedTargets are those kinds in words.
func expectedTargets() string {
	var words []string
	for _, kind := range targetKinds() {
		words = append(words, string(kind)+":…")
	}
	return strings.Join(words, ", ")
}

// nearestTarget suggests a target for one that has no kind, or a mistyped one.
func nearestTarget(s *inventory.Snapshot, t string) string {
	var kinds []string
	for _, k := range targetKinds() {
		kinds = append(kinds, string(k))
	}
	if kind, name, named := strings.Cut(t, ":"); named {
		if near, ok := inventory.Nearest(kind, kinds); ok && name != "" {
			return "; did you mean " + near + ":" + name + "?"
		}
		return ""
	}
	references := map[string]string{string(inventory.KindAccount): string(inventory.KindAccount)}
	for _, kind := range targetKinds() {
		for _, name := range s.Things(kind) {
			if references[name] == "" {
				references[name] = string(kind) + ":" + name
			}
		}
	}
	if near, ok := inventory.Nearest(t, slices.Sorted(maps.Keys(references))); ok {
		return "; did you mean " + references[near] + "?"
	}
	return ""
}

// targeted says whether a target names a change: by its resource, its person or
// its key.
func (b *builder) targeted(c plan.Change) bool {
	return slices.ContainsFunc(b.in.Settings.Targets, func(t string) bool {
		if t == c.ID {
			return true
		}
		kind, pattern, _ := strings.Cut(t, ":")
		switch inventory.Kind(kind) {
		case inventory.KindUser:
			return plan.Matches(strings.ToLower(pattern), c.User, strings.ToLower(b.userName(c.User)))
		case c.Resource.Kind:
			return c.Kind == plan.BaseRole ||
				plan.Matches(pattern, c.Resource.ID, b.index.Name(c.Resource.Kind, c.Resource.ID))
		}
		return false
	})
}

// operators are the people whom the program never changes (S20).
type operators struct {
	users map[string]bool
	// bound are the names resolved, to be remembered (S11).
	bound map[string]string
	// wrong says what is wrong with names.
	wrong []desired.Notice
	// nobody says of which names it can't be known whom they mean.
	nobody []desired.Notice
}

// findOperators finds out who must never be changed.
func (b *builder) findOperators() { b.operators = operatorsOf(b.cache.names(), b.in) }

func operatorsOf(names *desired.Names, in Input) operators {
	o := operators{users: map[string]bool{}, bound: map[string]string{}}
	for _, name := range in.Settings.Operators {
		p := names.Person(name)
		for _, id := range p.IDs {
			o.users[id] = true
		}
		if p.ID != "" {
			o.bound[p.Key] = p.ID
		}
		if p.Why == "" {
			continue
		}
		n := desired.Notice{Code: p.Code, Message: "operators or account.acting_user: " + p.Why}
		if p.Nobody {
			o.nobody = append(o.nobody, n)
		}
		o.wrong = append(o.wrong, n)
	}
	if user := in.TokenUser; user != "" {
		o.users[user] = true
	}
	return o
}

// protectOperators keeps the program off its operators' feet (S20).
func (b *builder) protectOperators() {
	b.findOperators()
	b.access.Protections = slices.Concat(b.access.Protections, b.operators.protection())
}

// protection is that of the operators, if there are any.
func (o operators) protection() []desired.Protection {
	if len(o.users) == 0 {
		return nil
	}
	return []desired.Protection{{
		Users: o.users, Reason: "the token's user, the acting user and the operators are never changed",
		By: desired.By{Chain: []string{}},
	}}
}

// operatorErrors are what is wrong with the names of operators.
func (b *builder) operatorErrors() []desired.Notice {
	return slices.Clone(b.operators.wrong)
}

// Pinned are the names resolved, to be remembered (S11): those that policies
// refer to, and those of the operators.
func (r *Result) Pinned() map[string]string {
	pinned := r.Access.Pinned()
	maps.Copy(pinned, r.operators)
	return pinned
}
