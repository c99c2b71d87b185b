package desired

import (
	"fmt"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// outcome is what came of resolving a reference.
type outcome int

const (
	found outcome = iota
	missing
	ambiguous // several things share the name (S10)
	rebound   // the name meant another id before (S11)
	renamed   // the thing that the name meant has another name now (S11, S12)
)

// resolution is a reference resolved against the snapshot and what earlier
// rounds remember of names.
type resolution struct {
	// ref is without a level.
	ref     inventory.Ref
	outcome outcome
	// id is the thing found; of a renamed thing, the id it is remembered by.
	id string
	// ids are all ids concerned, where the name can't be trusted.
	ids []string
	// why says what is wrong; zero if found.
	why reason
	// asked is the last expansion that asked.
	asked int
}

func (r *resolution) ok() bool { return r.outcome == found }

// Names are what references by name mean in a snapshot, each found out once.
// Expansions of the same snapshot may share them, one after the other.
type Names struct {
	index    *inventory.Index
	unread   []inventory.Missing
	pinned   map[string]string
	known    map[inventory.Ref]*resolution
	rendered renderings
	// expansion counts the expansions that use them.
	expansion int
}

// NewNames are the names of a snapshot, of which earlier rounds remember what
// they meant: key to id (S11).
func NewNames(s *inventory.Snapshot, pinned map[string]string) *Names {
	return &Names{
		index:    inventory.NewIndex(s),
		unread:   s.Account.Missing,
		pinned:   pinned,
		known:    map[inventory.Ref]*resolution{},
		rendered: renderings{},
	}
}

// Index finds the things of the snapshot by name.
func (n *Names) Index() *inventory.Index { return n.index }

// resolver resolves the references of one expansion.
type resolver struct {
	*Names
	// bound are the names resolved.
	bound []*resolution
}

func (n *Names) resolver() *resolver {
	n.expansion++
	return &resolver{Names: n}
}

// resolve finds the user, team, schedule or escalation policy that ref names.
func (r *resolver) resolve(ref inventory.Ref) *resolution {
	ref.Level = 0
	ref.Kind = ref.Kind.Thing()
	res := r.known[ref]
	if res == nil {
		found := r.lookUp(ref)
		found.ref, res = ref, &found
		r.known[ref] = res
	}
	if res.asked != r.expansion {
		res.asked = r.expansion
		if res.ok() && ref.ID == "" {
			r.bound = append(r.bound, res)
		}
	}
	return res
}

func (n *Names) lookUp(ref inventory.Ref) resolution {
	ids := n.index.Find(ref)
	if len(ids) > 1 {
		return resolution{outcome: ambiguous, ids: ids, why: reasonf(codeAmbiguous, ref,
			"%s is the name of %d %ss (#%s): name the one you mean by id",
			ref, len(ids), ref.Kind, strings.Join(ids, ", #"))}
	}
	before, remembered := "", false
	if ref.ID == "" {
		before, remembered = n.pinned[ref.Key()]
	}
	if len(ids) == 0 {
		if remembered && n.index.Exists(ref.Kind, before) {
			return resolution{outcome: renamed, id: before, ids: []string{before}, why: reasonf(codeRenamed, ref,
				"%s is not there any more; #%s, which had this name, is now %s: write the new name in the policy",
				ref, before, n.index.Named(inventory.ByID(ref.Kind, before)))}
		}
		if what := n.unreadOf(ref.Kind); what != "" {
			return resolution{outcome: missing, why: reasonf(codeUnread, ref, "%s is not among what was read, and %s could not be read completely", ref, what)}
		}
		return resolution{outcome: missing, why: n.notFound(ref).meaning(n.nearest(ref))}
	}
	if remembered && before != ids[0] {
		return resolution{outcome: rebound, id: ids[0], ids: []string{ids[0], before}, why: reasonf(CodeReused, ref,
			"%s was #%s and is now #%s: names are not identities; run `dutyward confirm %q` if the new one is meant",
			ref, before, ids[0], ref)}
	}
	return resolution{outcome: found, id: ids[0], ids: ids}
}

// notFound is that nothing has the name or id of ref.
func (n *Names) notFound(ref inventory.Ref) reason {
	shown, odd := ref, ""
	if letter := inventory.OddLetter(ref.Name); letter != "" {
		shown.Name, odd = inventory.Escaped(ref.Name), " ("+letter+")"
	}
	return reasonf(CodeNotFound, ref, "%s does not exist%s", shown, odd)
}

// Doubt says why a reference means nothing, or not one thing, in the snapshot; ok is
// false where it means one.
func (n *Names) Doubt(ref inventory.Ref, o policies.Origin) (doubt Notice, ok bool) {
	ref.Level, ref.Kind = 0, ref.Kind.Thing()
	if ref.IsZero() || ref.Kind == inventory.KindAccount || ref.Kind == inventory.KindGroup {
		return Notice{}, false
	}
	res := n.lookUp(ref)
	if res.why.code == CodeNotFound && ref.Kind == inventory.KindUser {
		res.why.code = codeNoAccount
	}
	return res.why.at(o), !res.ok()
}

// unreadOf names the part of the snapshot that lists things of a kind, if it
// could not be read completely; else it is empty.
func (n *Names) unreadOf(kind inventory.Kind) string {
	list := string(kind) + "s"
	if kind == inventory.KindEscalation {
		list = "escalation policies"
	}
	for _, m := range n.unread {
		if strings.HasSuffix(m.What, list) && m.Resource.IsZero() {
			return m.What
		}
	}
	return ""
}

// nearest is a suggestion for a name that does not exist, or empty.
func (n *Names) nearest(ref inventory.Ref) string {
	if ref.ID != "" || ref.Kind == inventory.KindUser && !n.index.Exists(ref.Kind, ref.Name) {
		return ""
	}
	if n.index.Exists(ref.Kind, ref.Name) {
		return inventory.ByID(ref.Kind, ref.Name).String()
	}
	if name, ok := inventory.Nearest(ref.Name, n.index.Names(ref.Kind)); ok {
		return fmt.Sprintf("%s:%s", ref.Kind, name)
	}
	// Schedules and escalation policies are often taken for one another.
	other, written := inventory.KindEscalation, "escalation"
	if ref.Kind == inventory.KindEscalation {
		other, written = inventory.KindSchedule, "oncall"
	}
	if ref.Kind != inventory.KindTeam && len(n.index.Find(inventory.Ref{Kind: other, Name: ref.Name})) > 0 {
		return written + ":" + ref.Name
	}
	return ""
}
