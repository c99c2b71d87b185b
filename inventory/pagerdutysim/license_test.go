package pagerdutysim_test

import (
	"net/http"
	"testing"

	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

const notAvailable = "License error: License is not available"

func TestARoleChangeWithTheOldLicenseAttachedFailsAndWithoutItSucceeds(t *testing.T) {
	a := newAPI(t, licensed)
	stan := fields{"name": "Stan", "email": "stan@acme.com", "role": "limited_user"}
	attached := fields{"license": fields{"id": "PSTAKE1", "type": "license_reference"}}
	for k, v := range stan {
		attached[k] = v
	}
	a.refused(http.StatusBadRequest, 2001, notAvailable, "PUT", "/users/PSTA001", person(attached))
	a.must(http.StatusOK, "PUT", "/users/PSTA001", person(stan))
	if id := a.must(http.StatusOK, "GET", "/users/PSTA001/license", nil).text("license", "id"); id != "PFULL01" {
		t.Errorf("Stan has the license %s", id)
	}
}

func TestSeatsAreCountedAndRunOut(t *testing.T) {
	a := newAPI(t, licensed)
	a.must(http.StatusCreated, "POST", "/users", person(nil))
	full := a.must(http.StatusOK, "GET", "/licenses", nil)
	if full.at("licenses", 0, "current_value") != 4.0 || full.at("licenses", 0, "allocations_available") != 0.0 {
		t.Errorf("licenses: %s", full.json())
	}
	if full.at("licenses", 1, "allocations_available") != nil {
		t.Errorf("stakeholders' licenses have a limit: %s", full.json())
	}
	a.refused(http.StatusBadRequest, 2001, notAvailable, "POST", "/users", person(fields{"email": "fay@acme.com"}))
	a.must(http.StatusCreated, "POST", "/users", person(fields{"email": "fay@acme.com", "role": "read_only_user"}))
}

func TestAPartThatTheSeedCouldNotReadCannotBeReadEither(t *testing.T) {
	a := newAPI(t, func(o *pagerdutysim.Options) {
		o.Seed.Account.Unavailable = []string{"abilities", "licenses", "services"}
	})
	for _, path := range []string{"/abilities", "/licenses", "/license_allocations", "/services"} {
		a.refused(http.StatusForbidden, 2010, "Access Denied", "GET", path, nil)
	}
}
