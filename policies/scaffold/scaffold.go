// Package scaffold drafts a first configuration and first policies that say
// what an account holds already: a few rules over data files, which give an
// empty plan on the snapshot that they are made of.
package scaffold

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
)

// File is a file of a draft.
type File struct {
	// Path is relative to the configuration's directory, with slashes.
	Path    string
	Content []byte
}

// Draft is a first configuration with its policies.
type Draft struct {
	// Files are sorted by path.
	Files []File
	// Notes are sentences about what could not be said in policies.
	Notes []string
	// People, Teams and Members count what the data files hold.
	People, Teams, Members int
}

// ErrIncomplete is wrapped by the error for an incomplete snapshot.
var ErrIncomplete = errors.New("the snapshot is incomplete: policies made of it would leave out what it lacks, and take that access away one day")

// draft are the files that are the same for every account.
//
//go:embed draft
var draft embed.FS

// Make drafts for the account of a snapshot; a says how to reach it. The draft
// is the same for the same snapshot. An incomplete snapshot is an error.
func Make(s *inventory.Snapshot, a Account) (*Draft, error) {
	if !s.Account.Complete {
		var missing strings.Builder
		for _, m := range s.Account.Missing {
			missing.WriteString("\n  " + m.What + ": " + m.Reason)
		}
		return nil, fmt.Errorf("%w%s", ErrIncomplete, missing.String())
	}
	d := &Draft{}
	n := newNaming(s)
	d.add("policies/people/people.yaml", d.people(s, n))
	d.add("policies/teams/teams.yaml", d.teams(s, n))
	d.add("dutyward.yaml", configuration(a, example(s, n)))
	for path, embedded := range map[string]string{
		"policies/access/people.rego": "people.rego",
		"policies/access/teams.rego":  "teams.rego",
		"people.schema.json":          "people.schema.json",
		"teams.schema.json":           "teams.schema.json",
	} {
		content, err := draft.ReadFile("draft/" + embedded)
		if err != nil {
			return nil, fmt.Errorf("the draft of %s: %w", path, err)
		}
		d.add(path, string(content))
	}
	slices.SortFunc(d.Files, func(x, y File) int { return strings.Compare(x.Path, y.Path) })
	return d, nil
}

func (d *Draft) add(path, content string) {
	d.Files = append(d.Files, File{Path: path, Content: []byte(content)})
}

func (d *Draft) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}
