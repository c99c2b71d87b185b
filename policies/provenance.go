package policies

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Provenance says which version of its policies a root held, for people; what
// was evaluated is identified by the Set's Revision alone.
type Provenance struct {
	// Root is the root as configured.
	Root string `json:"root"`
	// Commit is the git commit of the directory's checkout; empty if it lies in
	// none, or git can't be asked.
	Commit string `json:"commit"`
	// Changed says that the directory holds what is not committed.
	Changed bool `json:"changed"`
	// Bundle is the revision that a bundle's manifest gives; may be empty.
	Bundle string `json:"bundle"`
}

// String is the provenance in a few words; empty if nothing is known.
func (p Provenance) String() string {
	switch {
	case p.Bundle != "":
		return "bundle " + p.Bundle
	case p.Commit != "" && p.Changed:
		return "commit " + p.Commit[:min(12, len(p.Commit))] + " with changes"
	case p.Commit != "":
		return "commit " + p.Commit[:min(12, len(p.Commit))]
	}
	return ""
}

// Provenance says where the policies are from, root by root.
func (s *Set) Provenance() []Provenance {
	if s.provenance == nil {
		return []Provenance{}
	}
	return s.provenance
}

// gitLimit bounds one question to git, which on a slow disk must not hold a
// round up.
const gitLimit = 3 * time.Second

// askGit asks the git program which commit a directory's checkout is at, and
// whether anything below the directory differs from it. Whatever goes wrong, no
// git among it, means that it is not known.
func askGit(ctx context.Context, root string) Provenance {
	p := Provenance{Root: root}
	ctx, stop := context.WithTimeout(ctx, gitLimit)
	defer stop()
	commit, err := git(ctx, root, "rev-parse", "--verify", "--quiet", "HEAD")
	if err != nil {
		return p
	}
	status, err := git(ctx, root, "status", "--porcelain", "--untracked-files=all", "--", ".")
	if err != nil {
		return p
	}
	p.Commit, p.Changed = commit, status != ""
	return p
}

// git runs git in a directory, reading only: it takes no locks, runs no hooks
// or monitors that a repository's configuration names.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"}, args...)...)
	cmd.Dir = dir
	// Of the environment only what git needs: the token may stand there.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C"}
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return "", err
	}
	return strings.TrimSpace(out.String()), nil
}
