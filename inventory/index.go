package inventory

import (
	"slices"
	"strings"
)

// Index finds the things of a snapshot by the names that references use. It is
// a view of the snapshot at the time it was made.
type Index struct {
	snapshot *Snapshot
	byName   map[Kind]map[string][]string
}

// NewIndex indexes s.
func NewIndex(s *Snapshot) *Index {
	x := &Index{snapshot: s, byName: map[Kind]map[string][]string{}}
	for _, t := range things {
		names := map[string][]string{}
		for id, name := range t.each(s) {
			if t.kind == KindUser {
				name = FoldEmail(name)
			}
			names[name] = append(names[name], id)
		}
		x.byName[t.kind] = names
	}
	for _, names := range x.byName {
		for _, ids := range names {
			slices.Sort(ids)
		}
	}
	return x
}

// Find returns the sorted ids of what r names: none if it names nothing in the
// snapshot, several if the name is shared. Groups and the account have no id.
func (x *Index) Find(r Ref) []string {
	kind := r.Kind.Thing()
	if r.ID != "" {
		if x.Exists(kind, r.ID) {
			return []string{r.ID}
		}
		return nil
	}
	name := r.Name
	if kind == KindUser {
		name = FoldEmail(name)
	}
	return x.byName[kind][name]
}

// Exists says whether the snapshot holds the thing of that kind and id.
func (x *Index) Exists(kind Kind, id string) bool {
	_, ok := x.name(kind, id)
	return ok
}

// Name is what people call the thing of that kind and id: its name, for users
// the e-mail address; the id itself if the snapshot does not hold it.
func (x *Index) Name(kind Kind, id string) string {
	if name, ok := x.name(kind, id); ok {
		return name
	}
	return id
}

func (x *Index) name(kind Kind, id string) (string, bool) {
	if t := thingOf(kind.Thing()); t != nil {
		return t.name(x.snapshot, id)
	}
	return "", false
}

// Named is r as people write it: "team:Payments" for "team:#PABC123".
func (x *Index) Named(r Ref) string {
	if r.ID == "" {
		return r.String()
	}
	if name, ok := x.name(r.Kind, r.ID); ok && !strings.HasPrefix(name, "#") {
		r.Name, r.ID = name, ""
	}
	return r.String()
}

// Names returns the sorted distinct names of a kind of thing, for suggestions.
func (x *Index) Names(kind Kind) []string {
	names := make([]string, 0, len(x.byName[kind.Thing()]))
	for name := range x.byName[kind.Thing()] {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// IDs returns the sorted ids of a kind of thing, for suggestions.
func (x *Index) IDs(kind Kind) []string {
	var ids []string
	for _, named := range x.byName[kind.Thing()] {
		ids = append(ids, named...)
	}
	slices.Sort(ids)
	return ids
}
