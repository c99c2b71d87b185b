package eval_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

// packed writes an OPA bundle with these files, given as name and content.
func packed(t *testing.T, files ...string) string {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	archive := tar.NewWriter(zip)
	for i := 0; i < len(files); i += 2 {
		err := archive.WriteHeader(&tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))})
		if _, more := archive.Write([]byte(files[i+1])); err != nil || more != nil {
			t.Fatal(err, more)
		}
	}
	if err := errors.Join(archive.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "policies.tar.gz")
	if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

const fromData = `package access.people

group contains {"name": p.name} if some p in data.people
`

func TestABundleSaysWhatItsDirectoryWould(t *testing.T) {
	dir := root(t, "access/people.rego", fromData, "people/data.json", `[{"name": "x"}]`)
	file := packed(t, "/.manifest", `{"revision": "v7", "roots": ["access", "people"]}`,
		"/people/data.json", `[{"name": "x"}]`, "/README.md", "…", "/access/people.rego", fromData)
	from, bundled := load(t, dir), load(t, file)
	want, got := evaluate(t, from), evaluate(t, bundled)
	if len(got.Groups) != 1 || got.Groups[0].Name != want.Groups[0].Name {
		t.Errorf("got %+v, want %+v", got.Groups, want.Groups)
	}
	if o := got.Groups[0].Origins[0]; o.File != file+"/access/people.rego" || o.Line != 3 {
		t.Errorf("it is from %s:%d", o.File, o.Line)
	}
	if from.Revision() != bundled.Revision() {
		t.Error("the revision follows content and place, not the packing")
	}
	if diff := cmp.Diff([]policies.Provenance{{Root: file, Bundle: "v7"}}, bundled.Provenance()); diff != "" {
		t.Errorf("provenance (-want +got):\n%s", diff)
	}
	source, err := bundled.Source()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := eval.LoadSource(context.Background(), source)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bundled.Provenance(), kept.Provenance()); diff != "" {
		t.Errorf("provenance of what was kept (-want +got):\n%s", diff)
	}
}

func TestBundlesThatAreNoWholePoliciesAreProblems(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.tar.gz")
	if err := os.WriteFile(broken, []byte("not a tar"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ file, want string }{
		"no bundle":                 {broken, "not an OPA bundle"},
		"a delta":                   {packed(t, "/patch.json", `{"data": []}`), "a delta bundle"},
		"a manifest that is broken": {packed(t, "/.manifest", `{`), "its manifest"},
		"a mistake in its policies": {packed(t, "/access/people.rego", "package access\n\ngrants contains 1\n\ngroup contains {\"nam\": \"x\"}\n"), `policies.tar.gz/access/people.rego:5`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := eval.Load(context.Background(), eval.Options{Roots: []string{tc.file}})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
	s := load(t, packed(t, "/.signatures.json", `{}`, "/access/people.rego", oneGroup))
	if len(s.Warnings()) != 1 || !strings.Contains(s.Warnings()[0].Found, "a signed bundle") {
		t.Errorf("warnings: %v", s.Warnings())
	}
}

func TestTheCommitOfACheckoutIsKnown(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git")
	}
	repository := t.TempDir()
	dir := filepath.Join(repository, "policies")
	write := func(name string) {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(oneGroup), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "access", "a.rego"))
	provenance := func() policies.Provenance {
		s, err := eval.Load(context.Background(), eval.Options{Roots: []string{dir}, AskGit: true})
		if err != nil {
			t.Fatal(err)
		}
		return s.Provenance()[0]
	}
	if p := provenance(); p.String() != "" {
		t.Errorf("outside of a checkout: %q", p)
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "x"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = repository
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	write(filepath.Join(repository, "elsewhere.rego"))
	if p := provenance(); len(p.Commit) != 40 || p.Changed || p.String() != "commit "+p.Commit[:12] {
		t.Errorf("committed: %+v", p)
	}
	write(filepath.Join(dir, "access", "b.yaml"))
	if err := os.WriteFile(filepath.Join(dir, "access", "b.yaml"), []byte("x: 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if p := provenance(); !p.Changed || !strings.HasSuffix(p.String(), "with changes") {
		t.Errorf("changed: %+v", p)
	}
}
