package config

import (
	"strings"
	"time"

	"github.com/dutyward/dutyward/reconcile/plan"
)

// freezeConfigs are times in which changes wait, by name.
type freezeConfigs []freezeConfig

// freezeConfig is one of them: from and until, or cron and lasts.
type freezeConfig struct {
	From   string   `yaml:"from"`
	Until  string   `yaml:"until"`
	Cron   string   `yaml:"cron"`
	Lasts  string   `yaml:"lasts"`
	Causes []string `yaml:"causes"`
	Reason string   `yaml:"reason"`
	Name   string
}

// freezes are the times in which changes wait.
func (c *Config) freezes() []plan.Freeze {
	var all []plan.Freeze
	for _, f := range c.Freezes {
		freeze := plan.Freeze{Name: f.Name, Causes: plan.FrozenCauses(), Reason: f.Reason}
		if len(f.Causes) > 0 {
			freeze.Causes = nil
			for _, cause := range f.Causes {
				freeze.Causes = append(freeze.Causes, plan.Cause(cause))
			}
		}
		freeze.From, _ = parseMoment(f.From)
		freeze.Until, _ = parseMoment(f.Until)
		if f.Cron != "" {
			freeze.Begins, _ = ParseSchedule(f.Cron)
			freeze.Lasts, _ = ParseSpan(f.Lasts)
		}
		all = append(all, freeze)
	}
	return all
}

// parseMoment reads a day, which begins at midnight in UTC, or a moment with its offset.
func parseMoment(text string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// checkFreezes finds freezes that make no sense.
func (l *loader) checkFreezes(freezes freezeConfigs) {
	for _, f := range freezes {
		fault := l.faultsOf("freezes." + f.Name)
		const shape = "expected from and until (2026-12-20, or 2026-12-20T18:00:00+01:00), or cron and lasts (\"CRON_TZ=Europe/Berlin 0 18 * * 5\", 62h)"
		switch recurs, once := f.Cron != "" || f.Lasts != "", f.From != "" || f.Until != ""; {
		case recurs == once, once && (f.From == "" || f.Until == ""), recurs && (f.Cron == "" || f.Lasts == ""):
			fault("", shape)
			continue
		}
		from, began := parseMoment(f.From)
		until, ended := parseMoment(f.Until)
		if f.Cron == "" && !began {
			fault("from", "%q is not a moment; %s", f.From, shape)
		}
		if f.Cron == "" && !ended {
			fault("until", "%q is not a moment; %s", f.Until, shape)
		}
		if began && ended && !from.Before(until) {
			fault("until", "the freeze ends before it begins")
		}
		if f.Cron != "" {
			if _, err := ParseSchedule(f.Cron); err != nil {
				fault("cron", "%v", err)
			}
			if d, ok := ParseSpan(f.Lasts); !ok || d < time.Minute || d > 90*24*time.Hour {
				fault("lasts", "%q is not valid; expected a duration from a minute to 90 days, such as 62h or 14d", f.Lasts)
			}
		}
		l.among(fault, "causes", f.Causes, texts(plan.Causes()))
	}
}

// faultsOf notes faults of what stands at a key, by its field.
func (l *loader) faultsOf(key string) func(field, format string, args ...any) {
	return func(field, format string, args ...any) {
		at := strings.TrimSuffix(key+"."+field, ".")
		l.fault(l.where(at), at+": "+format, args...)
	}
}
