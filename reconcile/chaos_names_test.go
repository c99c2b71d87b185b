package reconcile_test

import (
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
)

// renameSomething gives a team or schedule another name.
func (c *chaos) renameSomething(rt *rapid.T) func() {
	ref := rapid.SampledFrom([]string{"team:Alpha", "team:Beta", "team:Crew", "team:Delta", "schedule:Layered", "schedule:Shifts"}).Draw(rt, "renamed")
	kind, name, _ := strings.Cut(ref, ":")
	to := rapid.SampledFrom([]string{name, name, "Alpha", "Beta", "Layered", "Something"}).Draw(rt, "to")
	return func() {
		id := c.bound[ref]
		c.tell("somebody: %s (%s) is renamed to %s", ref, id, to)
		c.deed("renames", func() {
			if kind == "team" {
				c.sim.RenameTeam(id, to)
			} else {
				c.sim.AlterSchedule(id, func(s *inventory.Schedule) { s.Name = to })
			}
		})
	}
}

// renameSomebody gives somebody another e-mail address, or their first again.
func (c *chaos) renameSomebody(rt *rapid.T) func() {
	who := rapid.SampledFrom(append(slices.Clone(staff), "OPR")).Draw(rt, "who")
	back := rapid.Bool().Draw(rt, "back")
	return func() {
		if !c.exists(who) {
			return
		}
		mail := sweepMail(who)
		if !back {
			mail = "new." + mail
		}
		for _, u := range c.sim.Account().Users {
			if u.Email == mail {
				return
			}
		}
		c.tell("somebody: %s is <%s> now", who, mail)
		c.deed("people renamed", func() { c.sim.RenameUser(who, "Person "+mail, mail) })
	}
}

// replaceUser deletes a user, and perhaps makes another of the same address.
func (c *chaos) replaceUser(rt *rapid.T) func() {
	who, again := drawUser(rt, "who"), rapid.Bool().Draw(rt, "again")
	return func() { c.removeUser(who, again) }
}

func (c *chaos) removeUser(who string, again bool) {
	c.deed("people deleted", func() {
		if !c.sim.RemoveUser(who) {
			return
		}
		c.tell("somebody: %s is deleted", who)
		if again && who != "P6" && who != "P7" { // policies may not have named them yet, and then mean whoever they find
			id := c.fresh("PU")
			c.tell("somebody: %s is created anew as %s", sweepMail(who), id)
			c.sim.AddUser(inventory.User{ID: id, Name: "Person " + who, Email: sweepMail(who), BaseRole: "limited_user", TimeZone: "Etc/UTC"})
		}
	})
}

// replaceTeam deletes a team and makes another of its name.
func (c *chaos) replaceTeam(rt *rapid.T) func() {
	name := rapid.SampledFrom([]string{"Alpha", "Beta", "Crew", "Delta"}).Draw(rt, "team")
	who := drawUser(rt, "member")
	return func() {
		is := c.sim.Account()
		for id, t := range is.Teams {
			if t.Name != name || id != c.bound["team:"+name] && rapid.IntRange(0, 1).Draw(rt, "again") == 0 {
				continue
			}
			anew := c.fresh("PT")
			c.tell("somebody: team %s is deleted and created anew as %s, with %s", id, anew, who)
			c.deed("teams recreated", func() {
				c.sim.RemoveTeam(id)
				c.sim.AddTeam(inventory.Team{ID: anew, Name: name, DefaultRole: "none", Members: map[string]string{who: "manager"}})
			})
			return
		}
	}
}

// replaceSchedule deletes a schedule and makes another of its name.
func (c *chaos) replaceSchedule(rt *rapid.T) func() {
	name := drawSchedule(rt)
	return func() {
		s, ok := c.schedule(name)
		if !ok {
			return
		}
		old := s.ID
		s.ID = c.fresh("PS")
		s.Overrides, s.CustomShifts = nil, nil
		for i := range s.Layers {
			s.Layers[i].ID = c.fresh("PL")
		}
		for i := range s.Rotations {
			s.Rotations[i].ID = c.fresh("QR")
			for k := range s.Rotations[i].Events {
				s.Rotations[i].Events[k].ID = c.fresh("QE")
			}
		}
		s.Name = name
		c.tell("somebody: schedule %s (%s) is deleted and created anew as %s", name, old, s.ID)
		c.deed("schedules recreated", func() {
			c.sim.RemoveSchedule(old)
			c.sim.AddSchedule(s)
			c.sim.AlterPolicy("EM", func(p *inventory.EscalationPolicy) {
				p.Rules[0].Targets = append(p.Rules[0].Targets, inventory.Target{Type: "schedule", ID: s.ID})
			})
		})
	}
}

// promote gives somebody another base role.
func (c *chaos) promote(rt *rapid.T) func() {
	who := drawUser(rt, "who")
	role := rapid.SampledFrom([]string{"user", "limited_user", "observer", "admin"}).Draw(rt, "base role")
	return func() {
		c.tell("somebody: %s becomes %s", who, role)
		c.deed("base roles", func() { c.sim.SetBaseRole(who, role) })
	}
}

// join puts somebody on a team, or takes them off.
func (c *chaos) join(rt *rapid.T) func() {
	ref := rapid.SampledFrom([]string{"team:Alpha", "team:Beta", "team:Crew", "team:Delta"}).Draw(rt, "team")
	who := drawUser(rt, "who")
	role := rapid.SampledFrom([]string{"", "manager", "responder", "observer"}).Draw(rt, "role")
	return func() {
		if !c.exists(who) {
			return
		}
		c.tell("somebody: %s becomes %q of %s", who, role, ref)
		c.deed("team roles", func() { c.sim.SetMember(c.bound[ref], who, role) })
	}
}

// move moves a schedule to another policy and team.
func (c *chaos) move(rt *rapid.T) func() {
	name := drawSchedule(rt)
	from, to := "EM", rapid.SampledFrom([]string{"EO", "EM"}).Draw(rt, "to")
	team := rapid.SampledFrom([]string{"", "team:Crew", "team:Alpha"}).Draw(rt, "team")
	return func() {
		s, ok := c.schedule(name)
		if !ok {
			return
		}
		if to == "EM" {
			from = "EO"
		}
		c.tell("somebody: schedule %s moves to %s, of team %q", name, to, team)
		c.deed("schedules moved", func() {
			drop := func(targets []inventory.Target) []inventory.Target {
				return slices.DeleteFunc(slices.Clone(targets), func(t inventory.Target) bool { return t.ID == s.ID })
			}
			c.sim.AlterPolicy(from, func(p *inventory.EscalationPolicy) {
				for i := range p.Rules {
					p.Rules[i].Targets = drop(p.Rules[i].Targets)
				}
				if len(p.Rules[0].Targets) == 0 {
					p.Rules[0].Targets = []inventory.Target{{Type: "user", ID: "ADM"}}
				}
			})
			c.sim.AlterPolicy(to, func(p *inventory.EscalationPolicy) {
				p.Rules[0].Targets = append(drop(p.Rules[0].Targets), inventory.Target{Type: "schedule", ID: s.ID})
			})
			c.sim.AlterSchedule(s.ID, func(s *inventory.Schedule) {
				s.Teams = nil
				if _, there := c.sim0().Teams[c.bound[team]]; there && team != "" {
					s.Teams = []string{c.bound[team]}
				}
			})
		})
	}
}

// sim0 is the account as the last note has it, for use while it is being changed.
func (c *chaos) sim0() *inventory.Snapshot { return c.history[len(c.history)-1].is }
