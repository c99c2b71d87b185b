// Package scaffold drafts a first configuration and first policies that say
// what an account holds already: a few rules over data files, which give an
// empty plan on the snapshot that they are made of.
package scaffold

import (
	"embed"
	"errors"
	"fmt"
	"path"
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
	for _, name := range Paths() {
		var content string
		switch name {
		case pathConfiguration:
			content = configuration(a, example(s, n))
		case pathPeople:
			content = d.people(s, n)
		case pathTeams:
			content = d.teams(s, n)
		default:
			same, err := draft.ReadFile("draft/" + path.Base(name))
			if err != nil {
				return nil, fmt.Errorf("the draft of %s: %w", name, err)
			}
			content = string(same)
		}
		d.Files = append(d.Files, File{Path: name, Content: []byte(content)})
	}
	return d, nil
}

// The files that depend on the account; the others are embedded.
const (
	pathConfiguration = "dutyward.yaml"
	pathPeople        = "policies/people/people.yaml"
	pathTeams         = "policies/teams/teams.yaml"
)

// Paths are the paths of every draft's files, sorted.
func Paths() []string {
	return []string{
		pathConfiguration, "people.schema.json", "policies/access/people.rego", "policies/access/teams.rego",
		pathPeople, pathTeams, "teams.schema.json",
	}
}

func (d *Draft) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}
