package docs_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheExampleAlertsAreRulesOverMetricsThatExist(t *testing.T) {
	var alerts struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	decode := yaml.NewDecoder(strings.NewReader(read(t, "../packaging/alerts.yaml")))
	decode.KnownFields(true)
	if err := decode.Decode(&alerts); err != nil {
		t.Fatal(err)
	}
	metrics := read(t, "../cmd/internal/serve/metrics.go")
	name := regexp.MustCompile(`dutyward_(\w+?)(?:_bucket|_count|_sum)?\b`)
	used := 0
	for _, g := range alerts.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" || r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%q lacks its name, severity, summary or description", r.Alert)
			}
			for _, m := range name.FindAllStringSubmatch(r.Expr, -1) {
				used++
				if !strings.Contains(metrics, `"`+m[1]+`"`) && !strings.Contains(metrics, `"dutyward_`+m[1]+`"`) {
					t.Errorf("%s asks for %s, which nothing exports", r.Alert, m[0])
				}
			}
		}
	}
	if used == 0 {
		t.Error("no alert asks for a metric of dutyward's")
	}
}

// Prometheus' own tool judges the alerts where it is installed.
func TestTheExampleAlertsFireWhenTheyShould(t *testing.T) {
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed")
	}
	for _, args := range [][]string{{"check", "rules", "alerts.yaml"}, {"test", "rules", "alerts_test.yaml"}} {
		c := exec.CommandContext(t.Context(), tool, args...)
		c.Dir = "../packaging"
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

func TestTheImageIsBuiltWithTheModulesGo(t *testing.T) {
	module := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "../go.mod"))
	image := regexp.MustCompile(`golang:(\S+) `).FindStringSubmatch(read(t, "../Containerfile"))
	if module == nil || image == nil || module[1] != image[1] {
		t.Errorf("go.mod says %v, the Containerfile %v", module, image)
	}
}
