package desired

import (
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Document is desired access as risk and guard policies see it, under
// input.desired: every grant in force and every unknown pair, sorted.
type Document struct {
	Grants  []GrantDocument `json:"grants"`
	Unknown []Unknown       `json:"unknown"`
}

// GrantDocument is one grant of a Document.
type GrantDocument struct {
	User string `json:"user"`
	// Resource is "account" or a reference by id, "team:#PABC123".
	Resource inventory.Ref `json:"resource"`
	Role     string        `json:"role"`
	Layer    string        `json:"layer"`
	// From and Until are null where the grant has no such end.
	From  *time.Time `json:"from"`
	Until *time.Time `json:"until"`
	By    []By       `json:"by"`
}

// GroupDocument is a group as risk and guard policies see it, under
// input.groups by name.
type GroupDocument struct {
	Description string `json:"description"`
	Owner       string `json:"owner"`
	// Members are by user id.
	Members map[string]MemberDocument `json:"members"`
}

// MemberDocument is one member of a GroupDocument.
type MemberDocument struct {
	From   *time.Time `json:"from"`
	Until  *time.Time `json:"until"`
	Chains [][]string `json:"chains"`
}

// Document is the access in the form that policies see.
func (a *Access) Document() Document {
	d := Document{Grants: []GrantDocument{}, Unknown: append([]Unknown{}, a.Unknown...)}
	for _, pair := range a.Grants.Pairs() {
		g, _ := a.Grants.Get(pair)
		if g.Role == inventory.None {
			continue
		}
		d.Grants = append(d.Grants, GrantDocument{
			User: g.User, Resource: g.Resource, Role: turnsAside(g.Role), Layer: g.Layer,
			From: moment(g.From), Until: moment(g.Until), By: g.By,
		})
	}
	for _, o := range a.Overrides {
		if len(o.Limited) == 0 {
			d.Grants = append(d.Grants, GrantDocument{
				User: o.User, Resource: o.Pair().Resource, Role: OverrideRole,
				From: moment(o.From), Until: moment(o.Until), By: o.By,
			})
		}
	}
	return d
}

// GroupDocuments are the groups in the form that policies see.
func (a *Access) GroupDocuments() map[string]GroupDocument {
	out := make(map[string]GroupDocument, len(a.Groups))
	for name, g := range a.Groups {
		d := GroupDocument{Description: g.Description, Owner: g.Owner, Members: make(map[string]MemberDocument, len(g.Members))}
		for user, m := range g.Members {
			d.Members[user] = MemberDocument{From: moment(m.From), Until: moment(m.Until), Chains: m.Chains}
		}
		out[name] = d
	}
	return out
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
