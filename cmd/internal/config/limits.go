package config

import (
	"maps"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// limitConfigs are limits on how many changes are made at once, by name: those of
// plan.DefaultBounds with other values, and others.
type limitConfigs []limitConfig

// limitConfig is one limit. What is left out is as by default.
type limitConfig struct {
	Effect    string   `yaml:"effect"`
	Causes    []string `yaml:"causes"`
	Kinds     []string `yaml:"kinds"`
	Roles     []string `yaml:"roles"`
	Resources []string `yaml:"resources"`
	Share     string   `yaml:"share"`
	Least     string   `yaml:"least"`
	Most      string   `yaml:"most"`
	Window    string   `yaml:"window"`
	Name      string
}

// kindsByName are the kinds of resources as the configuration calls them.
func kindsByName() map[string]inventory.Kind {
	all := map[string]inventory.Kind{"account": inventory.KindAccount}
	for _, k := range managedKinds {
		all[k.name] = k.kind
	}
	return all
}

// readNamed reads settings of one shape by name, in the order of the file. The last field
// of T is Name.
func readNamed[T any](l *loader, path string, n *yaml.Node) (all []T) {
	l.pairs(path, n, func(key, value *yaml.Node) {
		var one T
		v := reflect.ValueOf(&one).Elem()
		v.FieldByName("Name").SetString(key.Value)
		path := join(path, key.Value)
		l.origin[path] = l.at(key)
		l.mapping(path, value, v)
		all = append(all, one)
	})
	return all
}

// bounds are the limits on how many changes are made at once; nil for the default ones.
func (c *Config) bounds() []plan.Bound {
	if len(c.Limits) == 0 {
		return nil
	}
	all := plan.DefaultBounds()
	for _, limit := range c.Limits {
		i := slices.IndexFunc(all, func(b plan.Bound) bool { return b.Name == limit.Name })
		if i < 0 {
			i = len(all)
			all = append(all, plan.Bound{Name: limit.Name, Causes: plan.CountedCauses(), Window: 24 * time.Hour})
		}
		limit.over(&all[i])
	}
	return all
}

// over sets what a limit says.
func (c limitConfig) over(b *plan.Bound) {
	if c.Effect != "" {
		b.Effect = plan.Effect(c.Effect)
	}
	if len(c.Causes) > 0 {
		b.Causes = nil
		for _, cause := range c.Causes {
			b.Causes = append(b.Causes, plan.Cause(cause))
		}
	}
	if len(c.Kinds) > 0 {
		b.Kinds = nil
		for _, kind := range c.Kinds {
			b.Kinds = append(b.Kinds, kindsByName()[kind])
		}
	}
	if c.Roles != nil {
		b.Roles = c.Roles
	}
	if c.Resources != nil {
		b.Resources = c.Resources
	}
	if c.Most != "" { // alone, it is the whole of the limit
		b.Most, _ = strconv.Atoi(c.Most)
		b.Least = min(b.Least, b.Most)
		if c.Share == "" && c.Least == "" && b.Share == 0 {
			b.Least = b.Most
		}
	}
	if c.Least != "" {
		b.Least, _ = strconv.Atoi(c.Least)
	}
	if c.Share != "" {
		b.Share, _ = parseShare(c.Share)
	}
	if c.Window != "" {
		b.Window, _ = ParseSpan(c.Window)
	}
}

// parseShare reads a percentage.
func parseShare(text string) (percent int, ok bool) {
	digits, found := strings.CutSuffix(text, "%")
	percent, err := strconv.Atoi(digits)
	return percent, found && err == nil && percent >= 0 && percent <= 100
}

// checkLimits finds limits that make no sense.
func (l *loader) checkLimits(limits limitConfigs) {
	for _, limit := range limits {
		fault := l.faultsOf("limits." + limit.Name)
		custom := !slices.ContainsFunc(plan.DefaultBounds(), func(b plan.Bound) bool { return b.Name == limit.Name })
		switch {
		case custom && limit.Effect == "":
			fault("", "expected an effect, lower or raise: only the limits %s have one by themselves", defaultLimits())
		case custom && limit.Most == "":
			fault("", "expected most: how many are let through without a release")
		case !custom && limit.Effect != "":
			fault("effect", "the effect of this limit is fixed; give a limit of your own another name")
		}
		l.among(fault, "effect", []string{limit.Effect}, []string{string(plan.Lower), string(plan.Raise)})
		l.among(fault, "causes", limit.Causes, texts(plan.CountedCauses()))
		l.among(fault, "kinds", limit.Kinds, slices.Sorted(maps.Keys(kindsByName())))
		for _, r := range limit.Resources {
			kind, pattern, _ := strings.Cut(r, ":")
			if _, err := path.Match(pattern, ""); err != nil || r != "account" && (pattern == "" || !slices.ContainsFunc(managedKinds, func(k managedKind) bool { return string(k.kind) == kind })) {
				fault("resources", "%q is not valid; expected account, or team: or schedule: with a name, a glob or '#' and an id", r)
			}
		}
		for field, text := range map[string]string{"least": limit.Least, "most": limit.Most} {
			if n, err := strconv.Atoi(text); text != "" && (err != nil || n < 0) {
				fault(field, "%q is not valid; expected a number such as 5", text)
			}
		}
		if _, ok := parseShare(limit.Share); limit.Share != "" && !ok {
			fault("share", "%q is not valid; expected a percentage such as 10%%", limit.Share)
		}
		if d, ok := ParseSpan(limit.Window); limit.Window != "" && (!ok || d < time.Minute || d > plan.LongestWindow) {
			fault("window", "%q is not valid; expected a week or less, such as 1h or 24h", limit.Window)
		}
	}
}

// among finds values that are none of those allowed; an empty one says nothing.
func (l *loader) among(fault func(field, format string, args ...any), field string, values, allowed []string) {
	for _, v := range values {
		if v != "" && !slices.Contains(allowed, v) {
			fault(field, "%q is not valid%s", v, suggest(v, allowed))
		}
	}
}

func defaultLimits() string {
	var names []string
	for _, b := range plan.DefaultBounds() {
		names = append(names, b.Name)
	}
	return strings.Join(names, ", ")
}

func texts[T ~string](values []T) []string {
	var all []string
	for _, v := range values {
		all = append(all, string(v))
	}
	return all
}
