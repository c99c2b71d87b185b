package catalogue

import (
	"net/http"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory/pagerdutysim/answer"
)

// taggable are the things that tags are put on: the path, and the plain type.
var taggable = map[string]string{"users": "user", "teams": "team", "escalation_policies": "escalation_policy"}

func (d Desk) tagRoutes() {
	for of := range taggable {
		d.Host.Handle("GET /tags/{id}/"+of, d.tagged(of))
		d.Host.Handle("GET /"+of+"/{id}/tags", d.tagsOf(of))
		d.Host.Handle("POST /"+of+"/{id}/change_tags", d.changeTags(of))
	}
}

func (d Desk) tagged(of string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		store := d.Store()
		if store.get("/tags", r.PathValue("id")) == nil {
			answer.NotFound(w)
			return
		}
		items := []answer.Object{}
		for _, path := range store.tagged[r.PathValue("id")] {
			if id, here := strings.CutPrefix(path, of+"/"); here {
				self, html := d.Host.Links("/"+of, id)
				items = append(items, answer.Object{"id": id, "type": taggable[of] + "_reference", "self": self, "html_url": html})
			}
		}
		d.Host.Page(w, r, of, len(items), func(i int) answer.Object { return items[i] })
	}
}

func (d Desk) tagsOf(of string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, there := d.Host.Reference(taggable[of], r.PathValue("id")); !there {
			answer.NotFound(w)
			return
		}
		items := []answer.Object{}
		tags := kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.one == "tag" })]
		for _, o := range d.Store().Of("/tags") {
			if slices.Contains(d.Store().tagged[text(o, "id")], of+"/"+r.PathValue("id")) {
				items = append(items, d.view(tags, "/tags", o))
			}
		}
		d.Host.Page(w, r, "tags", len(items), func(i int) answer.Object { return items[i] })
	}
}

// changeTags adds tags by id or by a label, which is made where it does not exist,
// and removes them by id.
func (d Desk) changeTags(of string) http.HandlerFunc {
	type sent struct {
		ID    string `json:"id"`
		Label string `json:"label"`
	}
	return func(w http.ResponseWriter, r *http.Request) {
		path := of + "/" + r.PathValue("id")
		if _, there := d.Host.Reference(taggable[of], r.PathValue("id")); !there {
			answer.NotFound(w)
			return
		}
		var body struct {
			Add    []sent `json:"add"`
			Remove []sent `json:"remove"`
		}
		if err := decode(r, &body); err != nil {
			answer.Invalid(w, "The request body is not a JSON object")
			return
		}
		store := d.Store()
		for _, t := range slices.Concat(body.Add, body.Remove) {
			if t.ID != "" && store.get("/tags", t.ID) == nil {
				answer.Invalid(w, "Tag "+t.ID+" does not exist")
				return
			}
		}
		for _, t := range body.Add {
			id := t.ID
			if id == "" {
				id = d.labelled(t.Label)
			}
			if !slices.Contains(store.tagged[id], path) {
				store.tagged[id] = append(store.tagged[id], path)
			}
		}
		for _, t := range body.Remove {
			store.tagged[t.ID] = slices.DeleteFunc(store.tagged[t.ID], func(p string) bool { return p == path })
		}
		answer.JSON(w, http.StatusOK, answer.Object{})
	}
}

// labelled is the id of the tag with a label, which is made if there is none.
func (d Desk) labelled(label string) string {
	for _, o := range d.Store().Of("/tags") {
		if strings.EqualFold(text(o, "label"), label) {
			return text(o, "id")
		}
	}
	o := answer.Object{"id": d.Host.NewID(), "type": "tag", "label": label}
	d.Store().put("/tags", o)
	return text(o, "id")
}
