package docs_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// workflow is what the test reads of a GitHub Actions workflow.
type workflow struct {
	Jobs map[string]struct {
		Steps []struct {
			Run string            `yaml:"run"`
			Env map[string]string `yaml:"env"`
		} `yaml:"steps"`
	} `yaml:"jobs"`
}

var workflowBlock = regexp.MustCompile("(?s)```yaml\n(on: .*?)```")

// TestTheWorkflowOfThePageOnPoliciesRuns runs the commands of the workflow in a
// checkout with a change of policies, twice: the first makes a comment, the
// second replaces it. GitHub is a script that notes how it is called, and
// PagerDuty the simulator.
func TestTheWorkflowOfThePageOnPoliciesRuns(t *testing.T) {
	m := workflowBlock.FindStringSubmatch(text(t, "policies.md"))
	if m == nil {
		t.Fatal("no workflow")
	}
	var w workflow
	if err := yaml.Unmarshal([]byte(m[1]), &w); err != nil {
		t.Fatal(err)
	}
	repository, tools := checkout(t), t.TempDir()
	write(t, filepath.Join(tools, "gh"), "#!/bin/sh\necho \"$@\" >> gh.log\ncase \"$*\" in *--paginate*) cat comments;; esac\n")
	if err := os.Chmod(filepath.Join(tools, "gh"), 0o700); err != nil {
		t.Fatal(err)
	}
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	for comments, wanted := range map[string]string{
		"":     "api repos/acme/policies/issues/7/comments -F body=@comment.md",
		"42\n": "api -X PATCH repos/acme/policies/issues/comments/42 -F body=@comment.md",
	} {
		write(t, filepath.Join(repository, "comments"), comments)
		steps := 0
		for _, job := range w.Jobs {
			for _, step := range job.Steps {
				if step.Run == "" {
					continue
				}
				steps++
				cmd := exec.Command("bash", "-e", "-c", step.Run)
				cmd.Dir = repository
				cmd.Env = []string{
					"PATH=" + tools + ":" + filepath.Dir(path) + ":" + os.Getenv("PATH"), "HOME=" + tools, "TMPDIR=" + os.TempDir(),
					"GITHUB_BASE_REF=main", "GITHUB_REPOSITORY=acme/policies", "NUMBER=7", "PAGERDUTY_TOKEN=t",
				}
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", step.Run, err, out)
				}
			}
		}
		if steps < 2 {
			t.Errorf("%d commands; there were two", steps)
		}
		called, err := os.ReadFile(filepath.Join(repository, "gh.log"))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(called)), "\n")
		if got := lines[len(lines)-1]; got != wanted {
			t.Errorf("GitHub is called with %q, want %q", got, wanted)
		}
	}
	comment, err := os.ReadFile(filepath.Join(repository, "comment.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(comment), "<!-- dutyward plan --base -->\n") || !strings.Contains(string(comment), "cy@example.com") {
		t.Errorf("the comment:\n%s", comment)
	}
}

// checkout is a git repository whose policies differ from its origin/main.
func checkout(t *testing.T) string {
	t.Helper()
	sim, err := pagerdutysim.New(pagerdutysim.Options{Seed: starter(t), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	grant := func(who string) string {
		return "package access.people\n\ngrant contains {\"principal\": \"user:" + who + "\", \"resource\": \"team:Payments\", \"role\": \"manager\"}\n"
	}
	write(t, filepath.Join(dir, "dutyward.yaml"), "account: {name: starter, base_url: "+server.URL+"}\npolicies: [policies]\n")
	write(t, filepath.Join(dir, "policies/access/people.rego"), grant("ann@example.com"))
	git("init", "-q")
	git("add", ".")
	git("commit", "-q", "-m", "base")
	git("update-ref", "refs/remotes/origin/main", "HEAD")
	write(t, filepath.Join(dir, "policies/access/people.rego"), grant("cy@example.com"))
	git("commit", "-q", "-a", "-m", "change")
	return dir
}
