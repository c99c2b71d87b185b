package answer

import (
	"net/http"
	"time"
)

// Host is the simulator as its parts see it. All of it is called with the account
// locked, save Handle.
type Host interface {
	// Handle registers an endpoint by method and path, "GET /tags/{id}".
	Handle(pattern string, h http.HandlerFunc)
	// Now is PagerDuty's time.
	Now() time.Time
	// NewID makes an id that nothing has.
	NewID() string
	// Reference names a thing of the account by its plain type ("user") and id; false
	// if there is no such thing.
	Reference(kind, id string) (any, bool)
	// Links are where a thing is found, by API and in the pages.
	Links(path, id string) (self, html string)
	// Acting is the user who makes a request that needs one; without one it has
	// answered.
	Acting(w http.ResponseWriter, r *http.Request) (user string, ok bool)
	// Page answers a page of a list of n things; show is called for those of the page.
	Page(w http.ResponseWriter, r *http.Request, key string, n int, show func(i int) Object)
}
