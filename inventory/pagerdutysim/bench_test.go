package pagerdutysim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// crowded is a seed with a hundred thousand people on four hundred teams.
func crowded() *inventory.Snapshot {
	s := scheduleSeed()
	crowd(100_000)(s)
	for i := range 400 {
		id := fmt.Sprintf("PT%05d", i)
		members := map[string]string{}
		for j := range 300 {
			members[fmt.Sprintf("PU%05d", 1_000+(i*237+j)%99_000)] = "responder"
		}
		s.Teams[id] = inventory.Team{ID: id, Name: "Team " + id, DefaultRole: "none", Members: members}
	}
	return s
}

func newLarge(b *testing.B, seed *inventory.Snapshot) *pagerdutysim.Server {
	b.Helper()
	sim, err := pagerdutysim.New(pagerdutysim.Options{Seed: seed, Clock: func() time.Time { return at("2026-01-14T12:00:00Z") }, RateLimit: -1})
	if err != nil {
		b.Fatal(err)
	}
	return sim
}

// BenchmarkSeed makes a simulator of a hundred thousand people.
func BenchmarkSeed(b *testing.B) {
	seed := crowded()
	for b.Loop() {
		newLarge(b, seed)
	}
}

// BenchmarkReads reads from one: pages, searches, single people, and a page right
// after a write.
func BenchmarkReads(b *testing.B) {
	sim := newLarge(b, crowded())
	ask := func(b *testing.B, method, path, body string) {
		w := httptest.NewRecorder()
		r := request(method, path, body)
		sim.ServeHTTP(w, r)
		if w.Code >= http.StatusBadRequest {
			b.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
	}
	for name, path := range map[string]string{
		"page": "/users?limit=100&offset=%d&include[]=contact_methods&include[]=teams", "search": "/users?limit=100&query=%05d@acme", "person": "/users/PU%05d?include[]=teams",
		"members": "/teams/PT00007/members?limit=100&offset=%d",
	} {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				ask(b, "GET", fmt.Sprintf(path, 1_000+i%8_000), "")
			}
		})
	}
	b.Run("page after a write", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			ask(b, "PUT", fmt.Sprintf("/teams/PT00007/users/PU%05d", 1_000+i%8_000), `{"role":"manager"}`)
			ask(b, "GET", "/users?limit=100", "")
		}
	})
}
