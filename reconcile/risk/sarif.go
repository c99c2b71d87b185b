package risk

import (
	"encoding/json"
	"io"
	"path/filepath"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/dutyward/dutyward/policies"
)

// SARIF writes risks in SARIF 2.1.0, as code scanners read it. What no file of the policies
// says is placed at the beginning of the configuration.
func SARIF(w io.Writer, items []Item, version, config string) error {
	report := sarif.NewReport()
	run := sarif.NewRunWithInformationURI("dutyward", "https://github.com/dutyward/dutyward")
	run.Tool.Driver.Version = &version
	for _, x := range items {
		rule := run.AddRule(x.Rule)
		if x.Title != "" {
			rule.ShortDescription = message(x.Title)
		}
		if x.Why != "" {
			rule.FullDescription = message(x.Why)
		}
		if x.Remedy != "" {
			rule.Help = message(x.Remedy)
		}
		run.AddResult(result(x, config))
	}
	report.AddRun(run)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(report)
}

func message(text string) *sarif.MultiformatMessageString {
	m := sarif.NewMultiformatMessageString()
	m.Text = &text
	return m
}

func result(x Item, config string) *sarif.Result {
	r := sarif.NewRuleResult(x.Rule)
	text := x.Message
	if x.Remedy != "" {
		text += ". To fix it: " + x.Remedy
	}
	r.Message = sarif.NewTextMessage(text)
	r.Level = map[string]string{"critical": "error", "high": "error", "medium": "warning", "low": "note"}[x.Severity]
	r.PartialFingerprints = map[string]string{"dutyward/v1": x.ID}
	rank := float64(x.Score.Total)
	r.Rank = rank
	where := sarif.NewLocation().WithPhysicalLocation(physical(x.By, config))
	for _, name := range []string{x.Name, x.On} {
		if name != "" {
			where.AddLogicalLocation(sarif.NewLogicalLocation().WithFullyQualifiedName(name).WithKind("resource"))
		}
	}
	r.Locations = []*sarif.Location{where}
	if x.Waived != nil {
		r.Suppressions = []*sarif.Suppression{sarif.NewSuppression().WithKind("external").WithStatus("accepted").WithJustification(x.Waived.Reason)}
	}
	return r
}

// physical is the place in the policies that says so.
func physical(by []policies.Origin, config string) *sarif.PhysicalLocation {
	file, line := config, 1
	if len(by) > 0 && by[0].Root != policies.PacksRoot && by[0].File != "" {
		file, line = by[0].File, max(1, by[0].Line)
	}
	return sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(filepath.ToSlash(file))).WithRegion(sarif.NewSimpleRegion(line, line))
}
