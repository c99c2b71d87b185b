package config

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/reconcile/plan"
)

// Weakened are the keys of limits, freezes and edits of which a configuration asks for
// less than another: they are gone, or looser. A file that was saved halfway looks so.
func (c *Config) Weakened(before *Config, now time.Time) []string {
	var keys []string
	for _, was := range boundsOf(before) {
		is := slices.IndexFunc(boundsOf(c), func(b plan.Bound) bool { return b.Name == was.Name })
		if is < 0 || looser(boundsOf(c)[is], was) {
			keys = append(keys, "limits."+was.Name)
		}
	}
	for _, was := range before.freezes() {
		if was.Begins == nil && !was.Until.After(now) {
			continue // it is over
		}
		freezes := c.freezes()
		is := slices.IndexFunc(freezes, func(f plan.Freeze) bool { return f.Name == was.Name })
		if is < 0 || shorter(freezes[is], was) {
			keys = append(keys, "freezes."+was.Name)
		}
	}
	if c.Edits.DisplacedTurns > before.Edits.DisplacedTurns {
		keys = append(keys, "edits.displaced_turns")
	}
	if c.Edits.Joins > before.Edits.Joins {
		keys = append(keys, "edits.joins")
	}
	return keys
}

// boundsOf are the limits in force.
func boundsOf(c *Config) []plan.Bound {
	if all := c.bounds(); all != nil {
		return all
	}
	return plan.DefaultBounds()
}

// looser says that a limit lets more through than another, or counts something else.
func looser(is, was plan.Bound) bool {
	if is.Share > was.Share || is.Least > was.Least || is.Most > was.Most || is.Window < was.Window {
		return true
	}
	is.Share, is.Least, is.Most, is.Window = was.Share, was.Least, was.Most, was.Window
	return !reflect.DeepEqual(is, was)
}

// shorter says that a freeze does not hold at some time at which another does, or not for
// one of its causes. Of one that recurs, any other time counts.
func shorter(is, was plan.Freeze) bool {
	for _, cause := range was.Causes {
		if !slices.Contains(is.Causes, cause) {
			return true
		}
	}
	if was.Begins == nil && is.Begins == nil {
		return is.From.After(was.From) || is.Until.Before(was.Until)
	}
	return !reflect.DeepEqual(is.Begins, was.Begins) || is.Lasts < was.Lasts
}

// KeepGuards has limits, freezes and edits of another configuration hold until a moment,
// besides those that are stricter: keys are the ones that were weakened.
func (c *Config) KeepGuards(before *Config, keys []string, until time.Time) {
	weakened := func(l limitConfig) bool { return slices.Contains(keys, "limits."+l.Name) }
	limits := slices.DeleteFunc(slices.Clone(c.Limits), weakened) // one that goes is as by default
	for _, was := range before.Limits {
		if weakened(was) {
			limits = append(limits, was)
		}
	}
	c.Limits = limits
	if slices.ContainsFunc(keys, func(key string) bool { return strings.HasPrefix(key, "freezes.") }) {
		kept := slices.Clone(before.Freezes)
		for _, f := range c.Freezes {
			if !slices.ContainsFunc(kept, func(k freezeConfig) bool { return reflect.DeepEqual(k, f) }) {
				kept = append(kept, f)
			}
		}
		c.Freezes = kept
	}
	c.Edits.DisplacedTurns = min(c.Edits.DisplacedTurns, before.Edits.DisplacedTurns)
	c.Edits.Joins = min(c.Edits.Joins, before.Edits.Joins)
	c.kept = plan.KeptGuards{Keys: slices.Clone(keys), Until: until.UTC()}
}
