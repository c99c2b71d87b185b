package config

import (
	"slices"
	"strings"

	"github.com/dutyward/dutyward/policies/packs"
	"github.com/dutyward/dutyward/reconcile/risk"
)

// riskConfig says which packs look for risks, and by what bounds.
type riskConfig struct {
	// Packs is nil for all.
	Packs      []string             `yaml:"packs"`
	Without    []string             `yaml:"without"`
	InPlan     bool                 `yaml:"in_plan"`
	Parameters riskParametersConfig `yaml:"parameters"`
}

type riskParametersConfig struct {
	MaxAdmins          int      `yaml:"max_admins"`
	BreakGlass         []string `yaml:"break_glass"`
	Readiness          []string `yaml:"readiness"`
	Domains            []string `yaml:"domains"`
	MaxTurnDays        int      `yaml:"max_turn_days"`
	MaxSchedulesAtOnce int      `yaml:"max_schedules_at_once"`
	MaxFreeSeats       int      `yaml:"max_free_seats"`
	PageWithinMinutes  int      `yaml:"page_within_minutes"`
	PagingDays         int      `yaml:"paging_days"`
}

func defaultRisk() riskConfig { return riskConfig{Parameters: riskParametersConfig(risk.Defaults())} }

// RiskSettings are the packs' settings.
func (c *Config) RiskSettings() risk.Settings {
	p := risk.Parameters(c.Risk.Parameters)
	for _, list := range []*[]string{&p.BreakGlass, &p.Readiness, &p.Domains} {
		if *list == nil {
			*list = []string{}
		}
	}
	return risk.Settings{Packs: c.Risk.Packs, Without: c.Risk.Without, Parameters: p}
}

// RisksInPlan are the packs' settings for plans and rounds; nil where these leave them out.
func (c *Config) RisksInPlan() *risk.Settings {
	if !c.Risk.InPlan {
		return nil
	}
	s := c.RiskSettings()
	return &s
}

// checkRisk finds packs, rules and profiles that there are none of, and bounds that make no
// sense.
func (l *loader) checkRisk(c riskConfig) {
	for _, name := range c.Packs {
		if !slices.Contains(packs.Names(), name) {
			l.fault(l.where("risk.packs"), "risk.packs: there is no pack %q; expected some of %s", name, strings.Join(packs.Names(), ", "))
		}
	}
	for _, id := range c.Without {
		if _, known := packs.ByID(id); !known {
			l.fault(l.where("risk.without"), "risk.without: no pack has a rule %q; docs/risk.md lists them", id)
		}
	}
	for _, name := range c.Parameters.Readiness {
		if !slices.Contains(risk.Profiles(), name) {
			l.fault(l.where("risk.parameters.readiness"), "risk.parameters.readiness: there is no profile %q; expected some of %s", name, strings.Join(risk.Profiles(), ", "))
		}
	}
	for key, n := range map[string]int{
		"max_admins": c.Parameters.MaxAdmins, "max_turn_days": c.Parameters.MaxTurnDays, "max_schedules_at_once": c.Parameters.MaxSchedulesAtOnce,
		"page_within_minutes": c.Parameters.PageWithinMinutes, "paging_days": c.Parameters.PagingDays,
	} {
		if n < 1 || n > 366 {
			l.fault(l.where("risk.parameters."+key), "risk.parameters.%s: %d is not valid; expected 1 to 366", key, n)
		}
	}
	if n := c.Parameters.MaxFreeSeats; n < 0 {
		l.fault(l.where("risk.parameters.max_free_seats"), "risk.parameters.max_free_seats: %d is not valid; expected 0 or more", n)
	}
}
