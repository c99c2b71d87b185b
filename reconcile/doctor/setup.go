package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/report"
)

// Configuration judges the loading of the configuration; file is empty if there
// was none.
func Configuration(file string, err error) Check {
	switch {
	case err != nil:
		return fail("configuration", "fix it; `dutyward help configuration` explains every key", "%v", err)
	case file == "":
		return warn("configuration", "run `dutyward init`, or go to the directory of dutyward.yaml, or name it by --config",
			"there is none: the defaults hold")
	}
	return ok("configuration", "%s", filepath.ToSlash(file))
}

// Token judges the fetching of the token. The error says where it should be.
func Token(where string, err error) Check {
	if err != nil {
		return fail("token", "make an API key in PagerDuty, and put it where account.token in the configuration says", "%v", err)
	}
	return ok("token", "found: %s", where)
}

// Policies judges the loading of the policies.
func Policies(set *eval.Set, err error) Check {
	const remedy = "`dutyward check` shows each with its place"
	var problems policies.Problems
	switch {
	case errors.As(err, &problems):
		return fail("policies", remedy, "%s, the first at %s: %s", report.Counted(len(problems.Errors()), "error"), problems.Errors()[0].Place(), problems.Errors()[0].Text())
	case err != nil:
		return fail("policies", remedy, "%v", err)
	case len(set.Warnings()) > 0:
		return warn("policies", remedy, "they load, with %s", report.Counted(len(set.Warnings()), "warning"))
	}
	return ok("policies", "they load without a problem")
}

// State judges the file of what earlier rounds recorded: that it can be read
// and is private, and who holds its writer's lock.
func State(ctx context.Context, path string, o journal.Options) []Check {
	shown := filepath.ToSlash(path)
	if o.Postgres != nil {
		shown = "the state " + o.Postgres.Name()
	} else if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return []Check{unmade(path)}
	}
	j, err := journal.OpenReadOnly(ctx, path, o)
	if err != nil {
		return []Check{fail("state", "see operations.md, \"The state\"", "%v", err)}
	}
	defer j.Close()
	checks := []Check{ok("state", "%s can be read, is of this account and private to its owner", shown)}
	if o.Postgres != nil {
		checks[0] = ok("state", "%s can be read and is of this account", shown)
	}
	if notices := j.Notices(); len(notices) > 0 {
		remedy := "see operations.md, \"The state\""
		if strings.Contains(notices[0], "chmod") {
			remedy = "chmod 600 " + shown
		}
		checks[0] = warn("state", remedy, "%s", notices[0])
	}
	holder, err := j.Writer(ctx)
	switch {
	case err != nil:
		return append(checks, fail("writer", "see operations.md, \"The state\"", "%v", err))
	case holder != journal.Holder{}:
		return append(checks, warn("writer", "nothing, while that process runs; one that was killed is taken over by the next",
			"changes are made by %s", holder))
	}
	return append(checks, ok("writer", "nobody is making changes"))
}

// unmade judges where a state would be made.
func unmade(path string) Check {
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return fail("state", fmt.Sprintf("make the directory %s, or name another file under state in the configuration", filepath.ToSlash(dir)),
			"%s can't be made: %v", filepath.ToSlash(path), err)
	case !info.IsDir():
		return fail("state", "name another file under state in the configuration", "%s can't be made: %s is not a directory", filepath.ToSlash(path), filepath.ToSlash(dir))
	}
	// Modes, mounts and disks that are full all tell when one tries.
	probe, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return fail("state", fmt.Sprintf("let this user write in %s and see that its disk is not full, or name another file under state in the configuration", filepath.ToSlash(dir)),
			"%s can't be made: %v", filepath.ToSlash(path), err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return warn("state", "remove it by hand", "%s was made to see whether one can write there, and can't be removed: %v", filepath.ToSlash(probe.Name()), err)
	}
	return ok("state", "there is none yet: the first apply makes %s", filepath.ToSlash(path))
}
