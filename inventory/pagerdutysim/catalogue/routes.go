package catalogue

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerdutysim/answer"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
)

// Desk serves a store over HTTP.
type Desk struct {
	Host answer.Host
	// Store is the store as the request sees it.
	Store func() *Store
	// Deliver sends deliveries out.
	Deliver func([]Delivery)
}

// Register registers the endpoints of all kinds.
func (d Desk) Register() {
	for _, k := range kinds {
		one := k.path + "/{" + cmp.Or(k.variable, "id") + "}"
		if k.variable == "" || k.whole {
			d.Host.Handle("GET "+k.path, d.list(k))
		}
		d.Host.Handle("GET "+one, d.found(k, d.get))
		if k.fixed {
			continue
		}
		d.Host.Handle("POST "+k.path, d.create(k))
		if k.one != "tag" {
			d.Host.Handle("PUT "+one, d.found(k, d.update))
		}
		d.Host.Handle("DELETE "+one, d.found(k, d.delete))
	}
	d.tagRoutes()
	hooks := kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.one == "webhook_subscription" })]
	d.Host.Handle("POST /webhook_subscriptions/{id}/enable", d.found(hooks, d.enable))
	d.Host.Handle("POST /webhook_subscriptions/{id}/ping", d.found(hooks, d.ping))
}

// shelf is the path of a list, of the thing with this id where it belongs to one.
func (k kind) shelf(owner string) string { return strings.Replace(k.path, "{id}", owner, 1) }

// owned is the path of the list that a request names; if what it belongs to is not
// there, it has answered.
func (d Desk) owned(w http.ResponseWriter, r *http.Request, k kind) (string, bool) {
	if k.belongs() != "" {
		if _, there := d.Host.Reference(k.belongs(), r.PathValue("id")); !there {
			answer.NotFound(w)
			return "", false
		}
	}
	return k.shelf(r.PathValue("id")), true
}

func (d Desk) list(k kind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path, ok := d.owned(w, r, k)
		if !ok {
			return
		}
		query := r.URL.Query()
		kept := slices.DeleteFunc(slices.Clone(d.Store().Of(path)), func(o answer.Object) bool {
			return k.keep != nil && !k.keep(o, query, d.Host.Now())
		})
		show := func(i int) answer.Object { return d.view(k, path, kept[i]) }
		if !k.whole {
			d.Host.Page(w, r, k.many, len(kept), show)
			return
		}
		items := []answer.Object{}
		for i := range kept {
			items = append(items, show(i))
		}
		answer.JSON(w, http.StatusOK, answer.Object{k.many: items})
	}
}

// found finds the thing that a request names; if there is none it answers.
func (d Desk) found(k kind, then func(http.ResponseWriter, *http.Request, kind, string, answer.Object)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path, ok := d.owned(w, r, k)
		if !ok {
			return
		}
		o := d.Store().get(path, r.PathValue(cmp.Or(k.variable, "id")))
		if o == nil {
			answer.NotFound(w)
			return
		}
		then(w, r, k, path, o)
	}
}

func (d Desk) get(w http.ResponseWriter, _ *http.Request, k kind, path string, o answer.Object) {
	shown := answer.Object{k.one: d.view(k, path, o)}
	if k.one == "status_update_notification_rule" {
		// PagerDuty's API description calls it this where one is read, and as above
		// where one is made.
		shown["notification_rule"] = shown[k.one]
	}
	answer.JSON(w, http.StatusOK, shown)
}

func (d Desk) delete(w http.ResponseWriter, _ *http.Request, k kind, path string, o answer.Object) {
	_, end, timed := bounds(o)
	if k.one == "maintenance_window" && timed && !end.After(d.Host.Now()) {
		answer.Error(w, http.StatusMethodNotAllowed, answer.InvalidOp, "Maintenance Window can't be deleted", "It is in the past")
		return
	}
	d.Store().remove(path, text(o, "id"))
	delete(d.Store().tagged, text(o, "id"))
	w.WriteHeader(http.StatusNoContent)
}

// assigned are the members that a write doesn't change.
var assigned = []string{"id", "self", "html_url", "summary", "created_at", "created_by", "sequence_number"}

func (d Desk) create(k kind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path, ok := d.owned(w, r, k)
		if !ok {
			return
		}
		actor := ""
		if k.acting {
			if actor, ok = d.Host.Acting(w, r); !ok {
				return
			}
		}
		o := answer.Object{"type": k.kept}
		if k.defaults != nil {
			maps.Copy(o, k.defaults(d.Host.Now(), actor))
		}
		if !d.bring(w, r, k, nil, o) {
			return
		}
		o["id"] = d.Host.NewID()
		d.complete(k, r, path, o)
		d.Store().put(path, o)
		shown := d.view(k, path, o)
		if k.one == "webhook_subscription" {
			shown["delivery_method"] = o["delivery_method"] // the one answer with the secret
		}
		answer.JSON(w, k.made, answer.Object{k.one: shown})
	}
}

// complete adds what PagerDuty makes up for a new thing.
func (d Desk) complete(k kind, r *http.Request, path string, o answer.Object) {
	switch k.one {
	case "extension", "business_service":
		// Its summary stays when it is renamed: PagerDuty's Terraform provider
		// (resource_pagerduty_extension.go, resource_pagerduty_business_service.go)
		// counts on that.
		o["summary"] = text(o, k.name)
	case "integration":
		o["service"] = map[string]any{"id": r.PathValue("id"), "type": "service_reference"}
		key := strings.ToLower(text(o, "id") + strings.Repeat("0", 32))[:32]
		o["integration_key"] = key
		if strings.Contains(text(o, "type"), "email") && text(o, "integration_email") == "" {
			o["integration_email"] = key + "@example.pagerduty.com"
		}
	case "maintenance_window":
		o["sequence_number"] = len(d.Store().Of(path)) + 1
	case "webhook_subscription":
		method := maps.Clone(o["delivery_method"].(map[string]any))
		method["id"], method["temporarily_disabled"] = d.Host.NewID(), false
		method["secret"] = Secret(text(o, "id"))
		o["delivery_method"] = method
	}
}

func (d Desk) update(w http.ResponseWriter, r *http.Request, k kind, path string, before answer.Object) {
	after := maps.Clone(before)
	if !d.bring(w, r, k, before, after) {
		return
	}
	d.Store().put(path, after)
	answer.JSON(w, http.StatusOK, answer.Object{k.one: d.view(k, path, after)})
}

// bring brings what was sent into a thing; if it can't, it has answered.
func (d Desk) bring(w http.ResponseWriter, r *http.Request, k kind, before, o answer.Object) bool {
	sent, ok := k.read(w, r)
	if !ok {
		return false
	}
	for name, value := range sent {
		switch {
		case slices.Contains(assigned, name), name == "type" && !k.typed, before != nil && name == "delivery_method":
		case name == "start_time" || name == "end_time":
			// Any form of time is taken, and read back as an instant.
			t, err := input.Moment(asText(value), nil)
			if err != nil {
				answer.Invalid(w, name+" is not a valid date and time")
				return false
			}
			o[name] = t.Format(time.RFC3339)
		case k.refers[name] != "" && value != nil && idOf(value) == "":
			// PagerDuty's Terraform provider sends a business service's team without an
			// id where there is none.
			if _, many := value.([]any); many {
				o[name] = value
			} else {
				o[name] = nil
			}
		default:
			o[name] = value
		}
	}
	var errs []string
	for _, name := range k.required {
		if v, there := o[name]; !there || v == nil || v == "" {
			errs = append(errs, strings.ReplaceAll(name, "_", " ")+" can't be blank")
		}
	}
	errs = append(errs, d.dangling(k, r, o)...)
	if len(errs) == 0 && k.refuse != nil {
		if text := k.refuse(before, o, d.Host.Now()); text != "" {
			errs = append(errs, text)
		}
	}
	if len(errs) > 0 {
		answer.Invalid(w, errs...)
		return false
	}
	return true
}

// read reads a thing, wrapped or bare: go-pagerduty sends an extension without the
// wrapper (CreateExtensionWithContext).
func (k kind) read(w http.ResponseWriter, r *http.Request) (map[string]any, bool) {
	var body map[string]any
	if !answer.Decode(w, r, "", &body) {
		return nil, false
	}
	if wrapped, ok := body[k.one].(map[string]any); ok {
		return wrapped, true
	}
	if _, bare := body[cmp.Or(k.name, "type")]; bare {
		return body, true
	}
	answer.Invalid(w, k.one+" is required")
	return nil, false
}

func asText(v any) string {
	s, _ := v.(string)
	return s
}

// dangling says which references of a thing name nothing.
func (d Desk) dangling(k kind, r *http.Request, o answer.Object) []string {
	var errs []string
	for name, of := range k.refers {
		list, many := o[name].([]any)
		if !many {
			list = []any{o[name]}
		}
		for _, reference := range list {
			id := idOf(reference)
			if id == "" {
				continue
			}
			if of == "contact_method" {
				id = r.PathValue("id") + "/" + id
			}
			if _, there := d.Host.Reference(of, id); !there {
				errs = append(errs, of+" "+idOf(reference)+" does not exist")
			}
		}
	}
	slices.Sort(errs)
	return errs
}

// view is a thing as answers show it: references whole, secrets left out.
func (d Desk) view(k kind, path string, o answer.Object) answer.Object {
	v := maps.Clone(o)
	if k.fixed {
		v["type"] = k.kept
	}
	owner := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for name, of := range k.refers {
		v[name] = d.refer(of, o[name], owner)
	}
	switch {
	case k.one == "webhook_subscription":
		method := maps.Clone(o["delivery_method"].(map[string]any))
		method["secret"] = nil
		v["delivery_method"] = method
	case !k.bare:
		self, html := d.Host.Links(path, text(o, "id"))
		v["self"], v["html_url"], v["summary"] = self, html, cmp.Or(text(o, "summary"), text(o, k.name))
		if k.one == "extension" {
			v["html_url"] = nil // no page shows one
		}
	}
	return v
}

// refer shows a reference, or a list of them, with its name and links.
func (d Desk) refer(of string, sent any, owner []string) any {
	switch sent := sent.(type) {
	case []any:
		list := []any{}
		for _, one := range sent {
			list = append(list, d.refer(of, one, owner))
		}
		return list
	case map[string]any:
		id := text(sent, "id")
		if of == "contact_method" && len(owner) > 1 {
			id = owner[1] + "/" + id
		}
		shown, there := d.Host.Reference(of, id)
		switch {
		case there && of == "contact_method" && text(sent, "type") != "":
			// PagerDuty's Terraform provider sends it with or without the suffix that
			// references have, and reads back what it sent.
			return answer.Object{"id": text(sent, "id"), "type": text(sent, "type"), "summary": "", "self": nil, "html_url": nil}
		case there:
			return shown
		}
		return sent
	case answer.Object:
		return d.refer(of, map[string]any(sent), owner)
	}
	return sent
}

// decode reads a body that has no wrapper.
func decode(r *http.Request, v any) error { return json.NewDecoder(r.Body).Decode(v) }
