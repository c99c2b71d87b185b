package source_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/dutyward/dutyward/policies/source"
)

// watched is a folder whose policies are watched.
type watched struct {
	t       *testing.T
	folder  string
	changed <-chan struct{}
}

// watchPolicies watches folder/policies, as prepare left it.
func watchPolicies(t *testing.T, prepare func(w *watched)) *watched {
	t.Helper()
	w := &watched{t: t, folder: t.TempDir()}
	w.mkdir("policies")
	w.write("policies/a.rego", "package access\n")
	if prepare != nil {
		prepare(w)
	}
	var err error
	w.changed, err = source.Watch(t.Context(), []string{w.path("policies")}, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *watched) path(name string) string { return filepath.Join(w.folder, filepath.FromSlash(name)) }

func (w *watched) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *watched) write(name, text string) {
	w.t.Helper()
	w.must(os.WriteFile(w.path(name), []byte(text), 0o600))
}

func (w *watched) mkdir(name string) { w.t.Helper(); w.must(os.MkdirAll(w.path(name), 0o700)) }

func (w *watched) rename(from, to string) {
	w.t.Helper()
	w.must(os.Rename(w.path(from), w.path(to)))
}

func (w *watched) link(target, name string) {
	w.t.Helper()
	w.must(os.Symlink(filepath.FromSlash(target), w.path(name)))
}

// git runs git in the folder.
func (w *watched) git(args ...string) {
	w.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", w.folder, "-c", "user.name=t", "-c", "user.email=t@acme.test"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		if _, missing := exec.LookPath("git"); missing != nil {
			w.t.Skip("git is not installed")
		}
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func (w *watched) commit(message string) {
	w.t.Helper()
	w.git("add", "-A")
	w.git("commit", "-q", "-m", message)
}

// told waits for a change to be told, and then until no more is.
func (w *watched) told(what string) {
	w.t.Helper()
	select {
	case <-w.changed:
	case <-time.After(20 * time.Second):
		w.t.Fatalf("%s was not told", what)
	}
	for w.more() {
	}
}

// more says whether a change is told within a time in which one would be.
func (w *watched) more() bool {
	select {
	case _, open := <-w.changed:
		return open
	case <-time.After(700 * time.Millisecond):
		return false
	}
}

func TestChangesOfPoliciesAreTold(t *testing.T) {
	for name, c := range map[string]struct{ before, change func(w *watched) }{
		"a file is written": {nil, func(w *watched) { w.write("policies/a.rego", "package access.x\n") }},
		"a file is made":    {nil, func(w *watched) { w.write("policies/people.yaml", "{}") }},
		"a file is removed": {nil, func(w *watched) { w.must(os.Remove(w.path("policies/a.rego"))) }},
		"an editor replaces one": {nil, func(w *watched) {
			w.write("policies/.a.tmp", "package b\n")
			w.rename("policies/.a.tmp", "policies/a.rego")
		}},
		"a folder is moved away":  {func(w *watched) { w.mkdir("policies/v1.2") }, func(w *watched) { w.rename("policies/v1.2", "gone") }},
		"a folder is moved there": {func(w *watched) { w.mkdir("new"); w.write("new/b.rego", "package b\n") }, func(w *watched) { w.rename("new", "policies/v1.2") }},
		"a file in a folder":      {func(w *watched) { w.mkdir("policies/x/y") }, func(w *watched) { w.write("policies/x/y/b.json", "{}") }},
		"the target of a link": {
			func(w *watched) {
				w.mkdir("other")
				w.write("other/b.rego", "package b\n")
				w.link("../other/b.rego", "policies/b.rego")
			},
			func(w *watched) { w.write("other/b.rego", "package c\n") },
		},
		"Kubernetes changes a mounted volume": {
			func(w *watched) {
				w.mkdir("policies/..1")
				w.write("policies/..1/m.rego", "package m\n")
				w.link("..1", "policies/..data")
				w.link("..data/m.rego", "policies/m.rego")
			},
			func(w *watched) {
				w.mkdir("policies/..2")
				w.write("policies/..2/m.rego", "package n\n")
				w.link("..2", "policies/..data_tmp")
				w.rename("policies/..data_tmp", "policies/..data")
			},
		},
		"a link on the way is changed": {
			func(w *watched) { w.rename("policies", "rev1"); w.mkdir("rev2"); w.link("rev1", "policies") },
			func(w *watched) { w.link("rev2", "tmp"); w.rename("tmp", "policies") },
		},
		"a link that a link leads to is changed": {
			func(w *watched) {
				w.mkdir("git/rev1/policies")
				w.mkdir("git/rev2/policies")
				w.link("rev1", "git/current")
				w.must(os.RemoveAll(w.path("policies")))
				w.link("git/current/policies", "policies")
			},
			func(w *watched) { w.link("rev2", "git/tmp"); w.rename("git/tmp", "git/current") },
		},
		"a link in a folder leads to a link that is changed": {
			func(w *watched) {
				w.mkdir("git/rev1")
				w.write("git/rev1/b.rego", "package b\n")
				w.mkdir("git/rev2")
				w.write("git/rev2/b.rego", "package c\n")
				w.link("rev1", "git/current")
				w.link("../git/current/b.rego", "policies/b.rego")
			},
			func(w *watched) { w.link("rev2", "git/tmp"); w.rename("git/tmp", "git/current") },
		},
		"a branch is checked out": {
			func(w *watched) {
				w.git("init", "-q")
				w.commit("one")
				w.write("policies/a.rego", "package two\n")
				w.commit("two")
			},
			func(w *watched) { w.git("checkout", "-q", "HEAD~1") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := watchPolicies(t, c.before)
			c.change(w)
			w.told(name)
		})
	}
}

func TestWhatVanishesAndComesBackIsWatchedAgain(t *testing.T) {
	t.Parallel()
	w := watchPolicies(t, nil)
	w.must(os.RemoveAll(w.path("policies")))
	w.told("the removal of the root")
	w.mkdir("policies/sub")
	w.write("policies/sub/a.rego", "package a\n")
	w.told("the return of the root")
	w.write("policies/sub/a.rego", "package b\n")
	w.told("a change in the folder that came back")
}

func TestAFolderThatTakesAnothersPlaceIsWatched(t *testing.T) {
	t.Parallel()
	w := watchPolicies(t, func(w *watched) { w.rename("policies", "rev1"); w.mkdir("rev2"); w.link("rev1", "policies") })
	w.link("rev2", "tmp")
	w.rename("tmp", "policies")
	w.told("the change of the link")
	w.write("rev2/b.rego", "package b\n")
	w.told("a change behind the new link")
}

func TestARootThatIsNotThereYetIsAwaited(t *testing.T) {
	t.Parallel()
	w := watchPolicies(t, func(w *watched) { w.must(os.RemoveAll(w.path("policies"))) })
	w.mkdir("policies")
	w.told("the making of the root")
}

func TestManyChangesAreFewAndStrangersNone(t *testing.T) {
	t.Parallel()
	w := watchPolicies(t, func(w *watched) { w.mkdir("policies/.git") })
	for _, name := range []string{"policies/.a.rego.swp", "policies/a.rego~", "policies/4913", "policies/.git/index.json", "neighbour.rego"} {
		w.write(name, "x")
	}
	if w.more() {
		t.Error("a file that is no policy was told")
	}
}

func TestAFileMayBeWatched(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, change func(w *watched) }{
		"it is written": {nil, func(w *watched) { w.write("conf/dutyward.yaml", "state: b\n") }},
		"an editor replaces it": {nil, func(w *watched) {
			w.write("conf/.dutyward.yaml.tmp", "state: b\n")
			w.rename("conf/.dutyward.yaml.tmp", "conf/dutyward.yaml")
		}},
		"it vanishes": {nil, func(w *watched) { w.must(os.Remove(w.path("conf/dutyward.yaml"))) }},
		"Kubernetes changes the volume": {
			func(w *watched) {
				w.mkdir("conf/..1")
				w.rename("conf/dutyward.yaml", "conf/..1/dutyward.yaml")
				w.link("..1", "conf/..data")
				w.link("..data/dutyward.yaml", "conf/dutyward.yaml")
			},
			func(w *watched) {
				w.mkdir("conf/..2")
				w.write("conf/..2/dutyward.yaml", "state: b\n")
				w.link("..2", "conf/..data_tmp")
				w.rename("conf/..data_tmp", "conf/..data")
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &watched{t: t, folder: t.TempDir()}
			w.mkdir("conf")
			w.write("conf/dutyward.yaml", "state: a\n")
			if c.before != nil {
				c.before(w)
			}
			var err error
			w.changed, err = source.Watch(t.Context(), []string{w.path("conf/dutyward.yaml")}, func(err error) { t.Error(err) })
			w.must(err)
			w.write("conf/dutyward.db-wal", "x")
			w.write("neighbour.yaml", "x")
			if w.more() {
				t.Error("a stranger was told")
			}
			c.change(w)
			w.told(name)
		})
	}
}

// A person who saves a file sees what it makes at once; of a checkout they see the end.
func TestASaveIsToldSoonAndACheckoutOnce(t *testing.T) {
	w := &watched{t: t, folder: t.TempDir()}
	w.mkdir("policies")
	w.write("policies/a.rego", "package access\n")
	var err error
	w.changed, err = source.WatchSaves(t.Context(), []string{w.path("policies")}, func(err error) { t.Error(err) })
	w.must(err)
	// Two steps of one save are one, and a save after it another.
	w.write("policies/a.rego", "")
	w.write("policies/a.rego", "package access.b\n")
	w.told("a save")
	for i := range 20 {
		w.write(fmt.Sprintf("policies/p%d.rego", i), "package access.c\n")
	}
	times := 0
	for w.more() {
		times++
	}
	if times < 1 || times > 2 {
		t.Errorf("20 files written together were told %d times", times)
	}
}
