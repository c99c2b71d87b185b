package eval_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/policies/eval"
)

// checkout is a git checkout that holds policies in a directory.
type checkout struct {
	t   *testing.T
	dir string
}

func newCheckout(t *testing.T) *checkout {
	t.Helper()
	c := &checkout{t, t.TempDir()}
	c.git("init", "-q")
	c.write("policies/a.rego", "package access.a\n")
	c.write("policies/data/people.json", "{\"one\": 1}\n")
	c.write("README", "nothing to read here\n")
	c.commit()
	return c
}

func (c *checkout) git(args ...string) {
	c.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=x", "-c", "user.email=x@acme.com", "-c", "commit.gpgsign=false"}, args...)...)
	cmd.Dir = c.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func (c *checkout) commit() {
	c.t.Helper()
	c.git("add", "-A")
	c.git("commit", "-q", "-m", "x")
}

func (c *checkout) write(file, text string) {
	c.t.Helper()
	path := filepath.Join(c.dir, filepath.FromSlash(file))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

func (c *checkout) remove(file string) {
	c.t.Helper()
	if err := os.Remove(filepath.Join(c.dir, filepath.FromSlash(file))); err != nil {
		c.t.Fatal(err)
	}
}

func (c *checkout) load() *eval.Set {
	c.t.Helper()
	set, err := eval.Load(context.Background(), eval.Options{Roots: []string{c.root()}})
	if err != nil {
		c.t.Fatal(err)
	}
	return set
}

func (c *checkout) root() string { return filepath.Join(c.dir, "policies") }

func TestS37_OnlyWhatACommitHoldsExactlyIsCommitted(t *testing.T) {
	for name, edit := range map[string]func(c *checkout){
		"a file is changed": func(c *checkout) { c.write("policies/a.rego", "package access.a\n\nx := 1\n") },
		"a file is new":     func(c *checkout) { c.write("policies/b.rego", "package access.b\n") },
		"a file is gone":    func(c *checkout) { c.remove("policies/data/people.json") },
		"a change is staged": func(c *checkout) {
			c.write("policies/a.rego", "package access.a\n\nx := 1\n")
			c.git("add", "-A")
		},
		"git changes what is checked out":  func(c *checkout) { c.write(".git/index.lock", "") },
		"git is in the middle of a rebase": func(c *checkout) { c.write(".git/rebase-merge/head-name", "") },
		"git is in the middle of a merge":  func(c *checkout) { c.write(".git/MERGE_HEAD", "") },
		"it is no checkout":                func(c *checkout) { os.RemoveAll(filepath.Join(c.dir, ".git")) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			if !c.load().Committed(context.Background()) {
				t.Fatal("the commit itself is not committed")
			}
			edit(c)
			if c.load().Committed(context.Background()) {
				t.Error("it is taken for committed")
			}
		})
	}
}

func TestS37_WhatWasLoadedIsComparedWithTheCommitAndNotWhatStandsThereNow(t *testing.T) {
	c := newCheckout(t)
	c.remove("policies/data/people.json")
	amid := c.load()
	c.git("checkout", "-q", "--", ".")
	if amid.Committed(context.Background()) {
		t.Error("half a checkout is taken for committed once the other half is there")
	}
	if !c.load().Committed(context.Background()) {
		t.Error("the whole checkout is not committed")
	}
}

func TestS37_AFileBesideThePoliciesIsCommittedTooOrNothingIs(t *testing.T) {
	c := newCheckout(t)
	c.write("dutyward.yaml", "account: {name: acme}\n")
	config := filepath.Join(c.dir, "dutyward.yaml")
	if c.load().Committed(context.Background(), config) {
		t.Error("a configuration that is not committed is taken for committed")
	}
	c.commit()
	if !c.load().Committed(context.Background(), config) {
		t.Error("a committed configuration is not committed")
	}
	c.write("dutyward.yaml", "account: {name: other}\n")
	if c.load().Committed(context.Background(), config) {
		t.Error("a configuration that changed is taken for committed")
	}
}

func TestS37_FilesOfEditorsAndOfGitAreSignsOfAnEdit(t *testing.T) {
	for file, sign := range map[string]string{
		"policies/.a.rego.swp":             "open in an editor",
		"policies/data/.#people.json":      "open in an editor",
		"policies/#a.rego#":                "open in an editor",
		"policies/a.rego.tmp":              "being written",
		"policies/data/.people.json.x8kWq": "", // nobody's
		"policies/.git-notes":              "",
		"policies/a.rego.bak":              "",
		".git/index.lock":                  "git changes what is checked out",
		".git/CHERRY_PICK_HEAD":            "git is in the middle of a cherry-pick",
	} {
		t.Run(file, func(t *testing.T) {
			c := newCheckout(t)
			roots := []string{c.root()}
			if why := eval.Unrest(context.Background(), roots, time.Hour); why != "" {
				t.Fatalf("before: %s", why)
			}
			c.write(file, "")
			why := eval.Unrest(context.Background(), roots, time.Hour)
			if (why == "") != (sign == "") || !strings.Contains(why, sign) {
				t.Errorf("%q, want %q", why, sign)
			}
			old := time.Now().Add(-2 * time.Hour)
			if err := os.Chtimes(filepath.Join(c.dir, filepath.FromSlash(file)), old, old); err != nil {
				t.Fatal(err)
			}
			if why := eval.Unrest(context.Background(), roots, time.Hour); why != "" {
				t.Errorf("left lying for hours: %s", why)
			}
		})
	}
}
