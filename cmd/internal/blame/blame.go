// Package blame finds the commits that the changes of a plan are from, by asking git.
package blame

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// blameFor bounds what is asked of git for one plan.
const blameFor = 5 * time.Second

// commits finds the commit that a change is from: the latest that touched the rule that
// gives it, or a line of data that names the person.
type commits struct {
	ctx   context.Context
	plan  *plan.Plan
	files map[string]*blamed
	// rules and people are what was found.
	rules, people map[string]*commit
}

// commit is a commit in a line.
type commit struct {
	at   int64
	text string
}

// blamed is a file with the commit of each of its lines.
type blamed struct {
	lines   []string
	commits []*commit
}

// CommitsOf tells the commits of a plan's changes; nil where git does not know the policies.
func CommitsOf(ctx context.Context, p *plan.Plan) (of func(plan.Change) string, stop func()) {
	ctx, stop = context.WithTimeout(ctx, blameFor)
	c := &commits{ctx: ctx, plan: p, files: map[string]*blamed{}, rules: map[string]*commit{}}
	if !slices.ContainsFunc(p.Policies, func(root policies.Provenance) bool { return root.Commit != "" }) {
		return nil, stop
	}
	return c.of, stop
}

// dataIn are the files of data below a root.
func dataIn(root string) []string {
	var files []string
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			switch filepath.Ext(path) {
			case ".yaml", ".yml", ".json":
				files = append(files, path)
			}
		}
		return nil
	})
	return files
}

func (c *commits) of(change plan.Change) string {
	if change.After == inventory.None || len(change.By) == 0 {
		return "asked for by no line any more"
	}
	by := change.By[0]
	newest := c.rule(by.File, by.Line)
	if row := c.person(strings.TrimPrefix(c.plan.Names["user:#"+change.User], "user:")); newest == nil || row != nil && row.at > newest.at {
		newest = row
	}
	if newest == nil {
		return ""
	}
	return newest.text
}

// rule is the latest commit that touched a rule, which ends with a line that begins with a
// brace, or before an empty one.
func (c *commits) rule(file string, line int) *commit {
	key := fmt.Sprintf("%s:%d", file, line)
	if found, known := c.rules[key]; known {
		return found
	}
	var newest *commit
	b := c.blame(file)
	for i := max(0, line-1); i < len(b.lines); i++ {
		if strings.TrimSpace(b.lines[i]) == "" {
			break
		}
		newest = later(newest, b.commits[i])
		if strings.HasPrefix(b.lines[i], "}") {
			break
		}
	}
	c.rules[key] = newest
	return newest
}

// person is the latest commit that touched a line of data that names somebody.
func (c *commits) person(email string) *commit {
	if c.people == nil {
		c.people = map[string]*commit{}
		for _, root := range c.plan.Policies {
			for _, file := range dataIn(root.Root) {
				b := c.blame(file)
				for i, line := range b.lines {
					for _, address := range addresses.FindAllString(line, -1) {
						c.people[address] = later(c.people[address], b.commits[i])
					}
				}
			}
		}
	}
	return c.people[email]
}

// addresses are e-mail addresses as data holds them.
var addresses = regexp.MustCompile(`[^\s"':,{}\[\]]+@[^\s"':,{}\[\]]+`)

func later(a, b *commit) *commit {
	if a == nil || b != nil && b.at > a.at {
		return b
	}
	return a
}

// blame asks git once for each file. What it can't tell has no lines.
func (c *commits) blame(file string) *blamed {
	if b, known := c.files[file]; known {
		return b
	}
	b := &blamed{}
	c.files[file] = b
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return b
	}
	out, err := source.Git(c.ctx, filepath.Dir(file), "blame", "--porcelain", "--", filepath.Base(file))
	if err != nil {
		return b
	}
	b.read(out)
	return b
}

// read reads git's porcelain form: a header for each line, with the commit's facts where it
// is seen first, and the line after a tab.
func (b *blamed) read(out string) {
	known := map[string]*commit{}
	var now *commit
	var id, author string
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		key, value, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(line, "\t"):
			b.lines, b.commits = append(b.lines, line[1:]), append(b.commits, now)
		case len(key) == 40 || len(key) == 64:
			if id = key; known[id] == nil {
				known[id] = &commit{}
			}
			now = known[id]
		case key == "author":
			author = value
		case key == "committer-time":
			now.at, _ = strconv.ParseInt(value, 10, 64)
		case key == "summary":
			now.text = fmt.Sprintf("%s %s (%s, %s)", id[:12], value, author, time.Unix(now.at, 0).UTC().Format(time.DateOnly))
			if strings.Trim(id, "0") == "" {
				now.text = "not committed yet"
			}
		}
	}
}
