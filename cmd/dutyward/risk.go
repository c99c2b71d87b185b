package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/policies/packs"
	"github.com/dutyward/dutyward/reconcile/lookup"
	"github.com/dutyward/dutyward/reconcile/report"
	"github.com/dutyward/dutyward/reconcile/risk"
)

// riskFlags are the flags of risk.
type riskFlags struct {
	view   risk.View
	failOn string
	// explain is a rule or the id of a risk.
	explain string
	patch   bool
	// waive and reason accept the risks shown.
	waive, reason string
	format        string
	shorthand     map[string]*bool
}

func newRisk(a *app) *cobra.Command {
	var f roundFlags
	rf := riskFlags{shorthand: map[string]*bool{}}
	cmd := &cobra.Command{
		Use:   "risk",
		Short: "List what is dangerous in the account, why, how much, and what to do about it",
		Long: "List the risks that the program's packs find, those that it looks for in each plan and those that policies flag:\n" +
			"standing admins, people on call whom nothing wakes, holes in paging, schedules and escalation policies with gaps,\n" +
			"people who have more than their peers, forgotten accounts and statements. Each has a score from 0 to 100, the\n" +
			"product of privilege, exposure, standing time and sensitivity. docs/risk.md lists the rules and how they score.\n\n" +
			"What to do about it: the plan's change after which it is gone; with --patch, limits for many at once, to be\n" +
			"added to the policies by `git apply`; or with --waive-until and --reason, waivers for those shown.",
		Example: "  dutyward risk --severity high\n  dutyward risk --rollup subject\n  dutyward risk --explain dutyward.permanent-admin\n" +
			"  dutyward risk --rule observer-manages --patch | git apply\n  dutyward risk --fail-on critical --sarif > risk.sarif",
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.risk(cmd, f, rf) },
	}
	f.add(cmd)
	rf.add(cmd)
	return cmd
}

// riskFormats are the forms in which risks are told.
var riskFormats = []string{"text", "json", "csv", "sarif", "html"}

func (rf *riskFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&rf.view.Least, "severity", "", "only risks of this `severity` or a worse one: critical, high, medium or low")
	flags.StringArrayVar(&rf.view.Rules, "rule", nil, "only risks of this `rule` or pack; may be repeated")
	flags.StringVar(&rf.view.About, "about", "", "only risks whose subject or resource has this `text` in its name")
	flags.IntVar(&rf.view.Score, "score", 0, "only risks with this `score` or a higher one")
	flags.BoolVar(&rf.view.Waived, "waived", false, "show those that are accepted, too")
	flags.BoolVar(&rf.view.Gone, "gone", false, "list those that rounds no longer find, too, and the changes that did that")
	flags.StringVar(&rf.view.Sort, "sort", "score", "the `order`: "+strings.Join(risk.Orders(), ", "))
	flags.StringVar(&rf.view.RollUp, "rollup", "", "count the risks by what they have in common: "+strings.Join(risk.Rollups(), ", "))
	flags.StringVar(&rf.explain, "explain", "", "say why a `rule` matters and how its risks are scored; also for the id of one")
	flags.StringVar(&rf.failOn, "fail-on", "", "exit with 2 if there is a risk of this `severity` or a worse one among those shown")
	flags.BoolVar(&rf.patch, "patch", false, "print limits that answer the risks shown, as a patch of the first policy directory")
	flags.StringVar(&rf.waive, "waive-until", "", "print statements that accept the risks shown until this `time`, as a patch: "+session.MomentForms)
	flags.StringVar(&rf.reason, "reason", "", "`why` they are accepted")
	flags.StringVar(&rf.format, "format", "text", strings.Join(riskFormats, ", "))
	for _, form := range riskFormats[1:] {
		rf.shorthand[form] = flags.Bool(form, false, "the same as --format "+form)
	}
	cmd.MarkFlagsMutuallyExclusive("format", "json", "csv", "sarif", "html")
}

// check says what of the flags can't be.
func (rf *riskFlags) check() error {
	for form, set := range rf.shorthand {
		if *set {
			rf.format = form
		}
	}
	one := func(flag, value string, of []string) error {
		if value != "" && !slices.Contains(of, value) {
			return fmt.Errorf("--%s %s: expected one of %s", flag, value, strings.Join(of, ", "))
		}
		return nil
	}
	err := errors.Join(
		one("severity", rf.view.Least, risk.Severities()), one("fail-on", rf.failOn, risk.Severities()),
		one("sort", rf.view.Sort, risk.Orders()), one("rollup", rf.view.RollUp, risk.Rollups()), one("format", rf.format, riskFormats),
	)
	switch {
	case err != nil:
		return err
	case (rf.waive == "") != (rf.reason == ""):
		return errors.New("--waive-until and --reason go together: a risk is accepted for a while, and for a reason")
	case rf.waive != "" && rf.patch:
		return errors.New("--patch and --waive-until don't go together: one answers the risks, the other accepts them")
	}
	return nil
}

// risk does what the flags ask for.
func (a *app) risk(cmd *cobra.Command, f roundFlags, rf riskFlags) error {
	if err := rf.check(); err != nil {
		return err
	}
	ctx := cmd.Context()
	s, err := a.ForReading(ctx, f.Options)
	if err != nil {
		return err
	}
	defer s.Close()
	settings := s.Config.RiskSettings()
	s.Risks = &settings
	result, err := s.Plan(ctx)
	if err != nil {
		return err
	}
	known, err := s.Journal.Risks(ctx)
	if err != nil {
		return err
	}
	all := risk.Items(result.Plan, result.Snapshot, known, result.Snapshot.Now)
	if err := rf.known(all); err != nil {
		return err
	}
	r := rf.view.Report(all, known, result.Snapshot)
	if err := a.showRisks(s, r, all, rf); err != nil {
		return err
	}
	if err := partial(result); err != nil {
		return err
	}
	return rf.failed(r.Risks)
}

// known says which of the rules asked for there is none of.
func (rf *riskFlags) known(all []risk.Item) error {
	names := packs.Names()
	for _, r := range packs.Rules() {
		names = append(names, r.ID, strings.TrimPrefix(r.ID, "dutyward."))
	}
	for _, x := range all {
		names = append(names, x.Rule, strings.TrimPrefix(x.Rule, "dutyward."))
	}
	for _, rule := range rf.view.Rules {
		if !slices.Contains(names, rule) {
			return fmt.Errorf("--rule %s: no pack and no risk is called so%s", rule, lookup.DidYouMean(rule, names))
		}
	}
	return nil
}

// policyRoot is the first policy directory, as seen from where the program runs.
func policyRoot(s *session.Session) (string, error) {
	root := s.Config.Policies[0]
	if filepath.IsAbs(root) {
		here, err := os.Getwd()
		if err != nil {
			return "", err
		}
		if root, err = filepath.Rel(here, root); err != nil {
			return "", err
		}
	}
	root = filepath.ToSlash(filepath.Clean(root))
	if strings.HasPrefix(root, "../") || strings.HasSuffix(root, ".tar.gz") {
		return "", fmt.Errorf("a patch can't add a file to %s: run this where the policy directory is below, and with a directory first", root)
	}
	return root, nil
}

// failed is the error of risks that are not to be.
func (rf *riskFlags) failed(items []risk.Item) error {
	if rf.failOn == "" {
		return nil
	}
	worse := risk.Filter{Least: rf.failOn}.Of(items)
	if len(worse) == 0 {
		return nil
	}
	return exit.With(exit.Changes, fmt.Errorf("%s of severity %s or worse", report.Counted(len(worse), "risk"), rf.failOn))
}

// showRisks writes the risks in the form that is asked for.
func (a *app) showRisks(s *session.Session, r *risk.Report, all []risk.Item, rf riskFlags) error {
	switch {
	case rf.explain != "":
		return a.explainRisk(rf.explain, all)
	case rf.patch:
		root, err := policyRoot(s)
		if err != nil {
			return err
		}
		patch, mended := risk.Limits(r.Risks, root, r.At)
		if mended == 0 {
			return errors.New("none of the risks shown is about a role that a limit would lower; `dutyward risk` says what to do about each")
		}
		fmt.Fprintf(a.Stderr, "limits for %s of %d; look at the plan after `git apply`\n", report.Counted(mended, "risk"), len(r.Risks))
		_, err = fmt.Fprint(a.Stdout, patch)
		return err
	case rf.waive != "":
		return a.waiveRisks(s, r, rf)
	}
	switch rf.format {
	case "json":
		return report.JSON(a.Stdout, r)
	case "csv":
		return risk.CSV(a.Stdout, r)
	case "sarif":
		config := s.Config.File
		if config == "" {
			config = "dutyward.yaml"
		}
		return risk.SARIF(a.Stdout, r.Risks, version(), config)
	case "html":
		return risk.HTML(a.Stdout, r)
	}
	return risk.Text(a.Stdout, r)
}

func (a *app) waiveRisks(s *session.Session, r *risk.Report, rf riskFlags) error {
	until, err := session.ParseMoment("--waive-until", rf.waive)
	if err != nil {
		return err
	}
	end := until.From(r.At)
	switch {
	case !end.After(r.At):
		return fmt.Errorf("--waive-until %s: expected a moment that is still to come", rf.waive)
	case end.After(r.At.Add(366 * 24 * time.Hour)):
		return fmt.Errorf("--waive-until %s: expected a moment within a year: what is accepted for longer is forgotten", rf.waive)
	case len(r.Risks) == 0:
		return errors.New("there is no risk to accept among those shown")
	}
	root, err := policyRoot(s)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(a.Stdout, risk.Waivers(r.Risks, root, rf.reason, end, r.At))
	return err
}

// explainRisk explains a rule, or one risk.
func (a *app) explainRisk(what string, all []risk.Item) error {
	var ids []string
	for _, x := range all {
		if x.ID == what {
			rule, _ := packs.ByID(x.Rule)
			if rule.ID == "" {
				rule = packs.Rule{ID: x.Rule, Pack: "policies", Severity: x.Severity, Title: x.Title, Remedy: x.Remedy}
			}
			return risk.Explain(a.Stdout, rule, []risk.Item{x})
		}
		ids = append(ids, x.Rule)
	}
	for _, r := range packs.Rules() {
		ids = append(ids, r.ID)
	}
	rule, known := packs.ByID(what)
	if !known {
		rule, known = packs.ByID("dutyward." + what)
	}
	if !known {
		return fmt.Errorf("no pack has a rule %q, and no risk this id%s", what, lookup.DidYouMean("dutyward."+strings.TrimPrefix(what, "dutyward."), ids))
	}
	return risk.Explain(a.Stdout, rule, risk.Filter{Rules: []string{rule.ID}, Waived: true}.Of(all))
}
