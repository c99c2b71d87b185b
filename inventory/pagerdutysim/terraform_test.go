package pagerdutysim_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// PagerDuty's Terraform provider, unmodified, takes the simulator for PagerDuty: what
// it applies it reads back, so that the next plan is empty.
func TestTerraformAppliesPlansNothingChangesAndDestroys(t *testing.T) {
	terraform, provider := os.Getenv("DUTYWARD_TERRAFORM"), os.Getenv("DUTYWARD_TERRAFORM_PROVIDER")
	if terraform == "" || provider == "" {
		t.Skip("DUTYWARD_TERRAFORM names terraform or tofu, and DUTYWARD_TERRAFORM_PROVIDER the directory with terraform-provider-pagerduty; without both nothing can be applied")
	}
	f, err := os.Open("../../examples/company/seed.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seed, err := inventory.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	dan := ""
	for id, u := range seed.Users {
		if u.Email == "dan.weber@acme.test" {
			dan = id
		}
	}
	// The provider compares with the machine's clock.
	sim, err := pagerdutysim.New(pagerdutysim.Options{Seed: seed, Clock: time.Now, TokenUser: dan, HostLinks: true, RateLimit: -1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	defer server.Close()

	dir := t.TempDir()
	source, err := os.ReadFile("testdata/terraform/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n    %q = %q\n  }\n  direct {}\n}\n",
		"registry.opentofu.org/pagerduty/pagerduty", provider, "registry.terraform.io/pagerduty/pagerduty", provider)
	for name, text := range map[string]string{"main.tf": string(source), "cli.tfrc": config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	future := time.Now().UTC().AddDate(0, 0, 3).Truncate(time.Hour).Format(time.RFC3339)
	run := func(want int, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), terraform, append(args, "-no-color", "-var=address="+server.URL, "-var=future="+future)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(dir, "cli.tfrc"), "TF_IN_AUTOMATION=1")
		out, err := cmd.CombinedOutput()
		code := 0
		if exited := (*exec.ExitError)(nil); errors.As(err, &exited) {
			code = exited.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		if code != want {
			t.Fatalf("%v ended with %d, want %d:\n%s", args, code, want, out)
		}
	}
	run(0, "apply", "-auto-approve")
	run(0, "plan", "-detailed-exitcode")
	run(2, "plan", "-detailed-exitcode", "-var=suffix=B")
	run(0, "apply", "-auto-approve", "-var=suffix=B")
	run(0, "plan", "-detailed-exitcode", "-var=suffix=B")
	run(0, "destroy", "-auto-approve", "-var=suffix=B")
}
