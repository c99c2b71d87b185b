package checker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/diff"
)

// Checker checks policies again and again, and keeps what an edit can't have changed.
type Checker struct {
	Process *session.Process
	// Roots are the policy roots; none for the configured ones.
	Roots []string
	// Snapshot is the file of the saved snapshot; empty for none.
	Snapshot string

	loader    eval.Loader
	evaluator eval.Evaluator
	cache     diff.Cache
	// saved is the snapshot as the file had it at version.
	saved   *inventory.Snapshot
	version string
}

// Serve answers requests until the input ends, and with it the process that asks:
// ended is called then, also while Rego runs.
func (c *Checker) Serve(ctx context.Context, in io.Reader, out io.Writer, ended func()) error {
	requests := make(chan Request)
	go func() {
		defer close(requests)
		for from := json.NewDecoder(in); ; {
			var q Request
			if err := from.Decode(&q); err != nil {
				ended()
				return
			}
			requests <- q
		}
	}()
	for q := range requests {
		text, err := json.Marshal(c.Check(ctx, q))
		if err != nil {
			return fmt.Errorf("encode the report of a check: %w", err)
		}
		if _, err := io.WriteString(out, c.Process.Redact(string(text))+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// Check checks the policies with the files as an editor has them.
func (c *Checker) Check(ctx context.Context, q Request) (r Report) {
	defer func() {
		if p := recover(); p != nil {
			r.Fault = fmt.Sprintf("internal error while the policies were checked: %v; please report it", p)
		}
	}()
	if err := c.check(ctx, q, &r); err != nil {
		r.Fault = err.Error()
	}
	for i := range r.Problems {
		r.Problems[i].File = absolute(r.Problems[i].File)
	}
	return r
}

func (c *Checker) check(ctx context.Context, q Request, r *Report) error {
	conf, err := c.Process.Config()
	if err != nil {
		return err
	}
	o := conf.PolicyOptions(c.Roots)
	if len(o.Roots) == 0 {
		return conf.NoPolicies()
	}
	o.AskGit, o.Unsaved = false, unsaved(q)
	for _, root := range o.Roots {
		r.Roots = append(r.Roots, absolute(root))
	}
	if err := c.account(q, r); err != nil {
		return err
	}
	set, err := c.loader.Load(ctx, o)
	switch {
	case errors.As(err, &r.Problems):
		return nil
	case err != nil:
		return err
	}
	if c.saved == nil {
		r.Problems, err = set.Check(ctx, c.Process.Now(), reconcile.Pages())
		return err
	}
	return c.onAccount(ctx, conf, set, r)
}

// onAccount evaluates the policies on the snapshot, as `check --snapshot` does.
func (c *Checker) onAccount(ctx context.Context, conf *config.Config, set *eval.Set, r *Report) error {
	s, err := c.Process.Configured(session.Options{Policies: c.Roots})
	if err != nil {
		return err
	}
	s.Policies, s.Evaluator, s.Cache = set, &c.evaluator, &c.cache
	if err := c.Process.Read(ctx, s, func() (*inventory.Snapshot, error) { return c.saved, nil }); err != nil {
		return err
	}
	defer s.Close()
	problems, result, err := s.Check(ctx)
	if err != nil {
		return err
	}
	r.Problems = problems
	if result != nil {
		r.Groups, r.Rules = groupsOf(result), rulesOf(result)
	}
	return nil
}

// account reads the snapshot if its file is another than before, and describes its
// things unless the asking side has them.
func (c *Checker) account(q Request, r *Report) error {
	if c.Snapshot == "" {
		return nil
	}
	info, err := os.Stat(c.Snapshot)
	if err != nil {
		return fmt.Errorf("read the snapshot: %w", err)
	}
	version := fmt.Sprintf("%d %s", info.Size(), info.ModTime().Format(time.RFC3339Nano))
	if version != c.version {
		saved, err := c.Process.SavedSnapshot(c.Snapshot)
		if err != nil {
			return err
		}
		c.saved, c.version, c.cache = saved, version, diff.Cache{}
	}
	if r.Version = c.version; q.Account != c.version {
		r.Things = thingsOf(c.saved)
	}
	return nil
}

func unsaved(q Request) source.Unsaved {
	out := source.Unsaved{}
	for file, text := range q.Unsaved {
		out[file] = []byte(text)
	}
	return out
}

// absolute is a file's name from the root of the file system; empty for no file.
func absolute(name string) string {
	if name == "" {
		return ""
	}
	path, err := filepath.Abs(filepath.FromSlash(name))
	if err != nil {
		return name
	}
	return path
}
