package pagerduty

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/dutyward/dutyward/inventory"
)

// Parts are all parts of an account, with the requests that reading each again is
// expected to take.
func (c *Client) Parts(base *inventory.Snapshot) map[inventory.Part]int {
	parts := map[inventory.Part]int{
		{Kind: inventory.PartPeople}:   pages(len(base.Users)),
		{Kind: inventory.PartTeams}:    pages(len(base.Teams)),
		{Kind: inventory.PartPolicies}: pages(len(base.EscalationPolicies)),
		{Kind: inventory.PartServices}: 2 + pages(len(base.Services)),
		{Kind: inventory.PartListed}:   1,
	}
	layered := 0
	for id, s := range base.Schedules {
		switch {
		case s.Kind == inventory.ScheduleOfShifts:
			parts[inventory.Part{Kind: inventory.PartShifts, ID: id}] = 1
		default:
			layered++
		}
	}
	parts[inventory.Part{Kind: inventory.PartLayers}] = pages(layered)
	for id, t := range base.Teams {
		parts[inventory.Part{Kind: inventory.PartMembers, ID: id}] = pages(len(t.Members))
	}
	return parts
}

// ReadParts reads parts of an account again, on top of a complete snapshot, and says
// what of it is not as it was, by id. An inventory.OutdatedError says that the account has
// to be read in full.
func (c *Client) ReadParts(ctx context.Context, base *inventory.Snapshot, parts []inventory.Part) (*inventory.Snapshot, []string, error) {
	places := make([]func(context.Context, *patch) error, len(parts))
	group, reading := errgroup.WithContext(ctx)
	group.SetLimit(c.o.Concurrency)
	for i, part := range parts {
		group.Go(func() (err error) {
			places[i], err = c.part(reading, base, part)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	p := newPatch(c, base)
	for _, place := range places {
		if err := place(ctx, p); err != nil {
			return nil, nil, err
		}
	}
	return p.finish(ctx)
}

// part reads a part, and returns what puts it in its place.
func (c *Client) part(ctx context.Context, base *inventory.Snapshot, part inventory.Part) (func(context.Context, *patch) error, error) {
	switch part.Kind {
	case inventory.PartMembers:
		members, err := c.TeamMembers(ctx, part.ID)
		if err != nil {
			return nil, vanished("the members of team", part.ID, err)
		}
		return func(_ context.Context, p *patch) error { return p.members(part.ID, members) }, nil
	case inventory.PartShifts:
		s, err := c.shiftedAgain(ctx, base, part.ID)
		if err != nil {
			return nil, vanished("schedule", part.ID, err)
		}
		return func(_ context.Context, p *patch) error { return p.schedule(s) }, nil
	case inventory.PartListed:
		listed, err := c.shiftBasedIDs(ctx)
		if err != nil {
			return nil, err
		}
		return func(_ context.Context, p *patch) error { return p.listed(listed) }, nil
	}
	r, err := c.readAlone(ctx, base, part.Kind)
	if err != nil {
		return nil, vanished("", string(part.Kind), err)
	}
	return func(ctx context.Context, p *patch) error { return p.list(ctx, part.Kind, r) }, nil
}

// readAlone reads one of the lists as a snapshot does.
func (c *Client) readAlone(ctx context.Context, base *inventory.Snapshot, kind inventory.PartKind) (*reading, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := newReading(c, SnapshotOptions{}, cancel)
	r.s.Account.Window, r.base = base.Account.Window, base
	if kind != inventory.PartTeams {
		maps.Copy(r.s.Teams, base.Teams) // by which longer lists are searched
	}
	switch close(r.members); kind {
	case inventory.PartPeople:
		r.readUsers(ctx)
	case inventory.PartTeams:
		r.listTeams(ctx)
	case inventory.PartLayers:
		r.readLayerBased(ctx)
	case inventory.PartPolicies:
		r.readEscalationPolicies(ctx)
	case inventory.PartServices:
		r.readServices(ctx)
		r.readAbilities(ctx)
		r.readLicensesOf(ctx, base)
	}
	if len(r.failures) > 0 {
		return nil, r.failures[0]
	}
	r.s.Normalize()
	return r, nil
}

// shiftedAgain reads a shift-based schedule again. Overrides and custom shifts are as they
// were where the rendering, which names them, is.
func (c *Client) shiftedAgain(ctx context.Context, base *inventory.Snapshot, id string) (inventory.Schedule, error) {
	wire, header, err := c.shifted(ctx, id, base.Account.Window)
	if err != nil {
		return inventory.Schedule{}, err
	}
	s := normalized(wire.inventory(base.Account.Window))
	if was := base.Schedules[id]; sameShifts(s, was) {
		s.Overrides, s.CustomShifts = was.Overrides, was.CustomShifts
		return s, nil
	}
	s, overrides, customShifts := c.withParts(ctx, wire, header, base.Account.Window)
	return s, cmp.Or(overrides, customShifts)
}

// readLicensesOf reads the licenses, and whose they are if the numbers are others than
// before.
func (r *reading) readLicensesOf(ctx context.Context, base *inventory.Snapshot) {
	licenses, err := r.c.licenses(ctx)
	if err != nil {
		r.unavailable("licenses")
		return
	}
	is := inventory.Snapshot{Licenses: licenses}
	is.Normalize()
	if maps.EqualFunc(is.Licenses, base.Licenses, sameLicense) {
		r.s.Licenses = base.Licenses
		return
	}
	r.readLicenses(ctx)
}

func sameLicense(x, y inventory.License) bool {
	same := x.Available == y.Available || x.Available != nil && y.Available != nil && *x.Available == *y.Available
	return same && x.ID == y.ID && x.Name == y.Name && x.RoleGroup == y.RoleGroup && slices.Equal(x.ValidRoles, y.ValidRoles)
}

// list puts what a list says in its place.
func (p *patch) list(ctx context.Context, kind inventory.PartKind, r *reading) error {
	switch kind {
	case inventory.PartPeople:
		return p.people(ctx, r)
	case inventory.PartTeams:
		return p.teams(r)
	case inventory.PartLayers:
		return p.layers(r)
	case inventory.PartPolicies:
		return p.policies(r)
	}
	return p.services(r)
}

func (p *patch) people(ctx context.Context, r *reading) error {
	listed := map[string]bool{}
	for _, w := range r.users {
		listed[w.ID] = true
		if err := p.user(ctx, w); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.s.Users)) {
		if listed[id] {
			continue
		}
		if err := p.dropUser(id); err != nil {
			return err
		}
	}
	return nil
}

func (p *patch) teams(r *reading) error {
	for _, id := range slices.Sorted(maps.Keys(r.teams)) {
		if err := p.team(r.teams[id]); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.s.Teams)) {
		if _, listed := r.teams[id]; !listed {
			if err := p.dropTeam(id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *patch) layers(r *reading) error {
	for id, s := range p.s.Schedules {
		if _, listed := r.s.Schedules[id]; !listed && s.Kind == inventory.ScheduleOfLayers {
			return outdated("the schedule %s is not listed any more", s.Name)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.s.Schedules)) {
		if err := p.schedule(r.s.Schedules[id]); err != nil {
			return err
		}
	}
	return nil
}

// listed holds the shift-based schedules that there are against those that are known.
func (p *patch) listed(ids []string) error {
	listed := map[string]bool{}
	for _, id := range ids {
		if listed[id] = true; p.s.Schedules[id].Kind != inventory.ScheduleOfShifts {
			return outdated("the schedule %s is new", id)
		}
	}
	for id, s := range p.s.Schedules {
		if s.Kind == inventory.ScheduleOfShifts && !listed[id] {
			return outdated("the schedule %s is not listed any more", s.Name)
		}
	}
	return nil
}

func (p *patch) policies(r *reading) error {
	listed := map[string]bool{}
	for _, w := range r.policies {
		listed[w.ID] = true
		if err := p.policy(w); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.s.EscalationPolicies)) {
		if !listed[id] {
			p.dropPolicy(id)
		}
	}
	return nil
}

// services are what can't always be read, and what an account may do.
func (p *patch) services(r *reading) error {
	slices.Sort(r.s.Account.Unavailable)
	if !slices.Equal(r.s.Account.Unavailable, p.s.Account.Unavailable) {
		return outdated("other parts of the account can't be read than before: %v", r.s.Account.Unavailable)
	}
	p.s.Services, p.s.Licenses, p.s.Account.Abilities = r.s.Services, r.s.Licenses, r.s.Account.Abilities
	if len(r.seats) == 0 {
		return nil
	}
	for id, u := range p.s.Users {
		seat, has := r.seats[id]
		if text(u.License) == seat {
			continue
		}
		if u.License = nil; has {
			u.License = &seat
		}
		put(p, p.s.Users, id, u)
	}
	return nil
}

// readAbilities reads what the account may do.
func (r *reading) readAbilities(ctx context.Context) {
	if _, err := r.abilities(ctx); err != nil {
		r.unavailable("abilities")
	}
}

// abilities are what the account may do; the header is the answer's.
func (r *reading) abilities(ctx context.Context) (http.Header, error) {
	var abilities []string
	header, err := r.c.getKey(ctx, "/abilities", nil, nil, "abilities", &abilities)
	r.s.Account.Abilities = abilities
	return header, err
}
