package pagerdutysim_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// askedByAnn makes the token one of Ann's, who has a license.
func askedByAnn(o *pagerdutysim.Options) {
	o.UserTokens = map[string]string{"T0KEN": "PANN001"}
	licensed(o)
}

// licensed adds two kinds of license: everybody who is no stakeholder has one of
// the full ones, of which one is left; stakeholders' are without limit.
func licensed(o *pagerdutysim.Options) {
	o.Seed.Licenses = map[string]inventory.License{
		"PFULL01": {ID: "PFULL01", Name: "Business (Full User)", RoleGroup: "FullUser", Available: ptr(1),
			ValidRoles: []string{"owner", "admin", "user", "limited_user", "observer", "restricted_access"}},
		"PSTAKE1": {ID: "PSTAKE1", Name: "Business (Stakeholder)", RoleGroup: "Stakeholder",
			ValidRoles: []string{"read_only_user", "read_only_limited_user"}},
	}
	for id, u := range o.Seed.Users {
		u.License = ptr("PFULL01")
		if inventory.Stakeholder(u.BaseRole) {
			u.License = ptr("PSTAKE1")
		}
		o.Seed.Users[id] = u
	}
}

// abilities makes the account's abilities these.
func abilities(names ...string) func(*pagerdutysim.Options) {
	return func(o *pagerdutysim.Options) { o.Seed.Account.Abilities = names }
}

// edit changes the seed.
func edit(change func(*inventory.Snapshot)) func(*pagerdutysim.Options) {
	return func(o *pagerdutysim.Options) { change(o.Seed) }
}

// inject makes a simulator with faults on order, as text.
func inject(t *testing.T, texts ...string) func(*pagerdutysim.Options) {
	return func(o *pagerdutysim.Options) {
		for _, text := range texts {
			f, err := pagerdutysim.ParseFault(text)
			if err != nil {
				t.Fatal(err)
			}
			o.Faults = append(o.Faults, f)
		}
	}
}

// request makes a request with headers in pairs; the caller reads the response.
func request(method, path, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, "https://pagerduty.test"+path, strings.NewReader(body))
	r.RequestURI = ""
	r.Header.Set("Authorization", "Token token=T0KEN")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// exchange carries a request and reads the response as far as it goes.
func exchange(a *api, r *http.Request) (*http.Response, string, error) {
	resp, err := a.server.Transport().RoundTrip(r)
	if err != nil {
		return nil, "", err
	}
	data, err := io.ReadAll(resp.Body)
	return resp, string(data), errors.Join(err, resp.Body.Close())
}

// refused demands a status, a code and a text somewhere in the errors or the
// message.
func (a *api) refused(status int, code float64, text, method, path string, body any) {
	a.t.Helper()
	got := a.must(status, method, path, body)
	if c := got.at("error", "code"); c != code {
		a.t.Errorf("%s %s has the code %v, want %v: %s", method, path, c, code, got.json())
	}
	if !strings.Contains(got.json(), text) {
		a.t.Errorf("%s %s answered %s, want %q", method, path, got.json(), text)
	}
}
