package incident

import (
	"net/http"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory/pagerdutysim/answer"
)

// mostNotes is how many notes an incident takes. Source: PagerDuty's API description,
// createIncidentNote.
const mostNotes = 2_000

func (d Desk) noteView(n note) answer.Object {
	return answer.Object{
		"id": n.ID, "user": d.refer("user", n.User), "content": n.Content, "channel": answer.Object{"summary": "The PagerDuty website or APIs"},
		"created_at": stamp(n.Created), "updated_at": stamp(n.Updated),
	}
}

// notesOf are the notes of the incident that a request names; if there is none it has
// answered.
func (d Desk) notesOf(w http.ResponseWriter, r *http.Request) ([]note, bool) {
	id := r.PathValue("id")
	if d.Store().index(id) < 0 {
		answer.NotFound(w)
		return nil, false
	}
	return slices.DeleteFunc(slices.Clone(d.Store().notes), func(n note) bool { return n.Incident != id }), true
}

func (d Desk) notes(w http.ResponseWriter, r *http.Request) {
	list, ok := d.notesOf(w, r)
	if !ok {
		return
	}
	views := []answer.Object{}
	for _, n := range list {
		views = append(views, d.noteView(n))
	}
	answer.JSON(w, http.StatusOK, answer.Object{"notes": views})
}

// content reads what a note says; if it says nothing it has answered.
func content(w http.ResponseWriter, r *http.Request) (string, bool) {
	var b struct {
		Content string `json:"content"`
	}
	if !answer.Decode(w, r, "note", &b) {
		return "", false
	}
	if strings.TrimSpace(b.Content) == "" {
		answer.Invalid(w, "Content cannot be empty")
		return "", false
	}
	return b.Content, true
}

func (d Desk) createNote(w http.ResponseWriter, r *http.Request) {
	actor, ok := d.Host.Acting(w, r)
	if !ok {
		return
	}
	list, ok := d.notesOf(w, r)
	if !ok {
		return
	}
	text, ok := content(w, r)
	if !ok {
		return
	}
	if len(list) >= mostNotes {
		answer.Invalid(w, "An incident can have at most 2000 notes")
		return
	}
	now, s := d.Host.Now(), d.Store()
	n := note{ID: d.Host.NewID(), Incident: r.PathValue("id"), User: actor, Content: text, Created: now, Updated: now}
	s.notes = append(s.notes, n)
	i := s.incidents[s.index(n.Incident)]
	e := d.entry(i, "annotate", actor)
	e.Note = text
	s.entries = append(s.entries, e)
	d.tell(i, "incident.annotated", actor)
	answer.JSON(w, http.StatusOK, answer.Object{"note": d.noteView(n)})
}

// noted is the place of the note that a request names; if there is none it has
// answered.
func (d Desk) noted(w http.ResponseWriter, r *http.Request) (int, bool) {
	at := slices.IndexFunc(d.Store().notes, func(n note) bool { return n.ID == r.PathValue("note_id") && n.Incident == r.PathValue("id") })
	if at < 0 {
		answer.NotFound(w)
	}
	return at, at >= 0
}

func (d Desk) updateNote(w http.ResponseWriter, r *http.Request) {
	at, ok := d.noted(w, r)
	if !ok {
		return
	}
	text, ok := content(w, r)
	if !ok {
		return
	}
	n := &d.Store().notes[at]
	n.Content, n.Updated = text, d.Host.Now()
	answer.JSON(w, http.StatusOK, answer.Object{"note": d.noteView(*n)})
}

func (d Desk) deleteNote(w http.ResponseWriter, r *http.Request) {
	if at, ok := d.noted(w, r); ok {
		s := d.Store()
		s.notes = slices.Delete(s.notes, at, at+1)
		w.WriteHeader(http.StatusNoContent)
	}
}
