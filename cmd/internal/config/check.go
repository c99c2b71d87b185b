package config

import (
	"net"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/policies/source"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// check finds values that make no sense.
func (l *loader) check() {
	c := l.config
	l.oneOf("account.region", c.Account.Region, "us", "eu")
	l.oneOf("account.auth", c.Account.Auth, "token", "oauth")
	if c.Account.Name == "" || strings.ContainsAny(c.Account.Name, "\n\r") {
		l.fault(l.where("account.name"), "account.name: expected a name in one line")
	}
	if u, err := url.Parse(c.Account.BaseURL); c.Account.BaseURL != "" && (err != nil || u.Host == "" || !slices.Contains([]string{"http", "https"}, u.Scheme) || u.User != nil) {
		l.fault(l.where("account.base_url"), "account.base_url: expected an http or https address without credentials, such as http://127.0.0.1:8080")
	}
	l.checkToken(c.Account.Token)
	l.checkDatabase(c)
	if c.Account.ActingUser != "" && !strings.Contains(c.Account.ActingUser, "@") {
		l.fault(l.where("account.acting_user"), "account.acting_user: expected the e-mail address of a PagerDuty user")
	}
	if n := c.Account.RequestShare; n < 5 || n > 100 {
		l.fault(l.where("account.request_share"), "account.request_share: %d is not valid; expected a percentage from 5 to 100, such as 50", n)
	}
	for _, o := range c.Operators {
		if !strings.Contains(o, "@") && !strings.HasPrefix(o, "#") {
			l.fault(l.where("operators"), "operators: %q is not a person: expected an e-mail address, or '#' and a PagerDuty id", o)
		}
	}
	if len(c.Policies) == 0 {
		l.fault(l.where("policies"), "policies: expected at least one directory")
	}
	if c.Window.BackDays < 1 || c.Window.AheadDays < 1 {
		l.fault(l.where("window"), "window: back_days and ahead_days must be 1 or more")
	}
	if keep, ok := ParseSpan(c.History.Keep); !ok || keep < 7*24*time.Hour {
		l.fault(l.where("history.keep"), "history.keep: %q is not valid; expected a week or more, such as 90d or 400d", c.History.Keep)
	}
	l.checkEvaluation(c.Evaluation)
	l.checkAccess(c.Access)
	for key, n := range map[string]int{"edits.displaced_turns": c.Edits.DisplacedTurns, "edits.joins": c.Edits.Joins} {
		if n < 0 {
			l.fault(l.where(key), "%s: %d is not valid; expected 0 or more", key, n)
		}
	}
	l.checkLimits(c.Limits)
	l.checkNotify(c.Notify)
	l.checkFreezes(c.Freezes)
	l.checkRisk(c.Risk)
	if _, err := ParseSchedule(c.Run.Schedule); err != nil {
		l.fault(l.where("run.schedule"), "run.schedule: %v", err)
	}
	if d, err := time.ParseDuration(c.Run.OnCallInterval); err != nil || d != 0 && d < 10*time.Second {
		l.fault(l.where("run.oncall_interval"), "run.oncall_interval: %q is not valid; expected 10s or more, such as 1m, or 0 for never", c.Run.OnCallInterval)
	}
	if d, err := time.ParseDuration(c.Run.MaxAge); err != nil || d < 0 {
		l.fault(l.where("run.max_age"), "run.max_age: %q is not valid; expected a duration such as 15m, or 0 for full refreshes only", c.Run.MaxAge)
	}
	if d, err := time.ParseDuration(c.Run.Settle); err != nil || d < 0 || d > time.Hour {
		l.fault(l.where("run.settle"), "run.settle: %q is not valid; expected an hour or less, such as 1m, or 0 for no wait", c.Run.Settle)
	}
	if _, _, err := net.SplitHostPort(c.Run.Listen); c.Run.Listen != "" && err != nil {
		l.fault(l.where("run.listen"), "run.listen: %q is not an address; expected such as 127.0.0.1:9465, or nothing for none", c.Run.Listen)
	}
	l.mode("manage.default", c.Manage.Default)
	l.mode("manage.account.mode", c.Manage.Account.Mode)
	for _, k := range managedKinds {
		l.kind("manage."+k.name, k.of(c.Manage))
	}
}

func (l *loader) checkAccess(a accessConfig) {
	if _, ok := ParseSpan(a.Longest); a.Longest != "" && !ok {
		l.fault(l.where("access.longest"), "access.longest: %q is not valid; expected a duration such as 720h or 30d, or nothing for no bound", a.Longest)
	}
	if _, ok := ParseSpan(a.WarnBefore); a.WarnBefore != "0" && a.WarnBefore != "0s" && !ok {
		l.fault(l.where("access.warn_before"), "access.warn_before: %q is not valid; expected a duration such as 24h or 3d, or 0 for no warning", a.WarnBefore)
	}
}

func (l *loader) checkEvaluation(e evaluationConfig) {
	if d, err := time.ParseDuration(e.TimeLimit); err != nil || d < time.Second {
		l.fault(l.where("evaluation.time_limit"), "evaluation.time_limit: %q is not valid; expected a second or more, such as 30s or 2m", e.TimeLimit)
	}
	if _, ok := parseMemory(e.MemoryLimit); !ok {
		l.fault(l.where("evaluation.memory_limit"), "evaluation.memory_limit: %q is not valid; expected 128MiB or more, such as 512MiB or 2GiB", e.MemoryLimit)
	}
	if e.MaxElements < 1 {
		l.fault(l.where("evaluation.max_elements"), "evaluation.max_elements: expected 1 or more")
	}
	refused := source.RefusedBuiltins()
	for _, name := range e.AllowBuiltins {
		if !slices.Contains(refused, name) {
			l.fault(l.where("evaluation.allow_builtins"), "evaluation.allow_builtins: %q is not a function that needs to be allowed%s", name, suggest(name, refused))
		}
	}
}

// where says where a key, or the part of it that is set, was set.
func (l *loader) where(key string) place {
	for k := key; k != ""; k = k[:max(0, strings.LastIndex(k, "."))] {
		if at, ok := l.origin[k]; ok {
			return at
		}
	}
	if l.config.File != "" {
		return place{name: l.config.File}
	}
	return place{name: "the default"}
}

func (l *loader) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		l.fault(l.where(key), "%s: %q is not valid; expected %s", key, value, strings.Join(allowed, " or "))
	}
}

func (l *loader) checkToken(t tokenConfig) {
	if t.several() {
		l.fault(l.where("account.token"), "account.token: expected one of env, file and command, not several")
	}
}

// modes are what manage may say. "webhook" is known and not carried out.
func (l *loader) mode(key, mode string) {
	allowed := []string{string(plan.Observe), string(plan.GrantOnly), string(plan.Sync)}
	switch {
	case mode == "" || slices.Contains(allowed, mode):
	case mode == "webhook":
		l.fault(l.where(key), "%s: webhook is not available yet; expected observe, grant-only or sync", key)
	default:
		l.fault(l.where(key), "%s: %q is not a mode%s", key, mode, suggest(mode, allowed))
	}
}

func (l *loader) kind(key string, k kindConfig) {
	l.mode(key+".mode", k.Mode)
	for _, p := range k.Include {
		if _, err := path.Match(p, ""); err != nil && !strings.HasPrefix(p, "#") {
			l.fault(l.where(key+".include"), "%s.include: %q is not a pattern: a '[' has no ']'", key, p)
		}
	}
	for _, r := range k.Resources {
		l.mode(key+".resources."+r.Name, r.Mode)
	}
}
