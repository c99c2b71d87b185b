package eval_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

const oneGroup = `package access.people

group contains {"name": "x"}
`

func TestAnArchivedRevisionSaysTheSame(t *testing.T) {
	schema := filepath.Join(t.TempDir(), "people.json")
	if err := os.WriteFile(schema, []byte(`{"type": "array"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	first, err := eval.Load(context.Background(), eval.Options{
		Roots: []string{company(t), root(t, "access/more.rego", oneGroup)}, Schemas: map[string]string{"people": schema}})
	if err != nil {
		t.Fatal(err)
	}
	source, err := first.Source()
	if err != nil {
		t.Fatal(err)
	}
	second, err := eval.LoadSource(context.Background(), source)
	if err != nil {
		t.Fatal(err)
	}
	if first.Revision() != second.Revision() {
		t.Errorf("revisions differ: %s, %s", first.Revision(), second.Revision())
	}
	if diff := cmp.Diff(evaluate(t, first), evaluate(t, second)); diff != "" {
		t.Errorf("statements (-loaded +archived):\n%s", diff)
	}
}

func TestADamagedArchiveIsAnError(t *testing.T) {
	source, err := load(t, company(t)).Source()
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]byte{nil, []byte("x"), source[:len(source)/2]} {
		if _, err := eval.LoadSource(context.Background(), bad); err == nil {
			t.Errorf("%d bytes of %d were taken", len(bad), len(source))
		}
	}
}

func TestTheRevisionFollowsContentAndPlace(t *testing.T) {
	one := load(t, root(t, "access/a.rego", oneGroup)).Revision()
	for name, tc := range map[string]struct {
		files []string
		same  bool
	}{
		"the same files elsewhere": {[]string{"access/a.rego", oneGroup}, true},
		"another name":             {[]string{"access/b.rego", oneGroup}, false},
		"another comment":          {[]string{"access/a.rego", oneGroup + "# more\n"}, false},
		"a file more":              {[]string{"access/a.rego", oneGroup, "x.yaml", "x: 1"}, false},
		"a file that is not read":  {[]string{"access/a.rego", oneGroup, "README.md", "x", ".git/x.rego", "x"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if same := load(t, root(t, tc.files...)).Revision() == one; same != tc.same {
				t.Errorf("same revision: %v, want %v", same, tc.same)
			}
		})
	}
}

func TestKubernetesMountsAreReadOnce(t *testing.T) {
	dir := root(t, "..2026_11_23/people.rego", oneGroup)
	for link, target := range map[string]string{"..data": "..2026_11_23", "people.rego": "..data/people.rego"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	st := evaluate(t, load(t, dir))
	if len(st.Groups) != 1 || st.Groups[0].Origins[0].File != filepath.ToSlash(filepath.Join(dir, "people.rego")) {
		t.Errorf("%+v", st.Groups)
	}
}

func TestRootsThatCannotBeReadAreProblems(t *testing.T) {
	dir := root(t, "access/a.rego", oneGroup)
	for name, roots := range map[string][]string{
		"missing":            {filepath.Join(dir, "nowhere")},
		"a file":             {filepath.Join(dir, "access/a.rego")},
		"one in another":     {dir, filepath.Join(dir, "access")},
		"the same one twice": {dir, dir},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := eval.Load(context.Background(), eval.Options{Roots: roots})
			if _, ok := err.(policies.Problems); !ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAnEmptyRootIsASetThatSaysNothing(t *testing.T) {
	if st := evaluate(t, load(t, t.TempDir())); len(st.Grants) != 0 {
		t.Errorf("%+v", st)
	}
}

// TestS5_PoliciesThatWereGoodLoadThoughMoreIsRefusedNow keeps what an older
// version kept: its checks were fewer, and the last good policies must stay in
// force across an upgrade.
func TestS5_PoliciesThatWereGoodLoadThoughMoreIsRefusedNow(t *testing.T) {
	source, err := load(t, root(t, "access/a.rego", oneGroup)).Source()
	if err != nil {
		t.Fatal(err)
	}
	refused := `package access.people

grants contains {"principal": "user:ann@acme.com", "resource": "team:Payments", "role": "manager"}

group contains {"name": "x", "colour": "red"} if some u in input.users

group contains {"name": u.emial} if some u in input.users

group contains {"name": "prod"}

member contains {"group": "prod", "principal": "user:ann@acme.com"} if not data.peple
`
	if _, err := eval.Load(context.Background(), eval.Options{Roots: []string{root(t, "access/a.rego", refused)}}); err == nil {
		t.Fatal("all of this is refused where policies are loaded anew")
	}
	kept, err := eval.LoadSource(context.Background(), repacked(t, source, oneGroup, refused))
	if err != nil {
		t.Fatal(err)
	}
	st, err := kept.Evaluate(context.Background(), policies.PhaseAccess, input(t), noon)
	if err == nil || len(st.Groups) != 1 || len(st.Members) != 1 || len(st.Failures) == 0 {
		t.Errorf("got %+v, %v; want the good elements, and failures of the bad ones", st, err)
	}
	if _, err := eval.LoadSource(context.Background(), repacked(t, source, oneGroup, "package access.people\n\ngroup contains")); err == nil {
		t.Error("what does not compile can't be evaluated")
	}
}

// repacked is an archive with one file's content replaced.
func repacked(t *testing.T, source []byte, old, content string) []byte {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	from, to := tar.NewReader(zip), tar.NewWriter(zipped)
	for {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(from)
		if err != nil {
			t.Fatal(err)
		}
		if string(text) == old {
			text = []byte(content)
		}
		header.Size = int64(len(text))
		if err := to.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(to.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestARuleOfOneConditionMayHaveADefault(t *testing.T) {
	s := load(t, root(t, "access/people.rego", `package access.people

default crowded := false

crowded if count(input.users) > 1

grant contains {"principal": "user:ann@acme.com", "resource": "team:Payments", "role": "manager"} if crowded
`))
	if st := evaluate(t, s); len(st.Grants) != 1 {
		t.Errorf("grants: %v", st.Grants)
	}
}
