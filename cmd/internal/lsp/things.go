package lsp

import (
	"path/filepath"
	"strings"

	"github.com/dutyward/dutyward/cmd/internal/lsp/checker"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// things are those of an account by what references call them.
type things struct {
	version string
	byKind  map[string][]checker.Thing
	byKey   map[string][]checker.Thing
}

func newThings(all []checker.Thing, version string) things {
	t := things{version: version, byKind: map[string][]checker.Thing{}, byKey: map[string][]checker.Thing{}}
	for _, x := range all {
		t.byKind[x.Kind] = append(t.byKind[x.Kind], x)
		for _, ref := range []inventory.Ref{{Kind: inventory.Kind(x.Kind), Name: x.Name}, {Kind: inventory.Kind(x.Kind), ID: x.ID}} {
			t.byKey[ref.Key()] = append(t.byKey[ref.Key()], x)
		}
	}
	return t
}

// of are the things that a reference names.
func (t things) of(ref inventory.Ref) []checker.Thing {
	ref.Kind, ref.Level = ref.Kind.Thing(), 0
	return t.byKey[ref.Key()]
}

// meant is a problem with the reference that is nearest to what it is about, where
// nothing has that name and the problem suggests nothing.
func (t things) meant(p policies.Problem) policies.Problem {
	kind, name, found := strings.Cut(p.About, ":")
	if p.Suggestion != "" || p.Code != desired.CodeNotFound || !found {
		return p
	}
	var names []string
	for _, x := range t.byKind[kind] {
		names = append(names, x.Name)
	}
	if near, ok := inventory.Nearest(name, names); ok {
		p.Suggestion = kind + ":" + near
	}
	return p
}

// called are the things of any kind that a bare name names, as in a row of data.
func (t things) called(name string) []checker.Thing {
	var out []checker.Thing
	for _, kind := range inventory.NamedKinds() {
		if kind == inventory.KindUser && !strings.Contains(name, "@") {
			continue
		}
		out = append(out, t.of(inventory.Ref{Kind: kind, Name: name})...)
	}
	return out
}

// within is a file of the workspace by its name from there. The caller holds the lock.
func (s *Server) within(file string) string {
	if filepath.IsAbs(file) || s.root == "" {
		if path, err := filepath.Abs(file); err == nil {
			return path
		}
	}
	return filepath.Join(s.root, file)
}

func (s *Server) inWorkspace(file string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.within(file)
}
