package source

import (
	"bytes"
	"context"
	"github.com/dutyward/dutyward/policies"
	"os"
	"os/exec"
	"strings"
	"time"
)

// GitLimit bounds one question to git, which on a slow disk must not hold a
// round up.
const GitLimit = 3 * time.Second

// AskGit asks the git program which commit a directory's checkout is at, and
// whether anything below the directory differs from it. Whatever goes wrong, no
// git among it, means that it is not known.
func AskGit(ctx context.Context, root string) policies.Provenance {
	p := policies.Provenance{Root: root}
	ctx, stop := context.WithTimeout(ctx, GitLimit)
	defer stop()
	commit, err := Git(ctx, root, "rev-parse", "--verify", "--quiet", "HEAD")
	if err != nil {
		return p
	}
	status, err := Git(ctx, root, "status", "--porcelain", "--untracked-files=all", "--", ".")
	if err != nil {
		return p
	}
	p.Commit, p.Changed = commit, status != ""
	return p
}

// Git runs git in a directory, reading only: it takes no locks, runs no hooks
// or monitors that a repository's configuration names.
func Git(ctx context.Context, dir string, args ...string) (string, error) {
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
