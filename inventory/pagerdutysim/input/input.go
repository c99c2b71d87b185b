// Package input reads what clients send as PagerDuty reads it: times in any of the
// forms that its clients print, names with their blanks, phone numbers.
package input

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// offsets are the forms of times that name their offset: RFC 3339, with and without
// seconds or a colon in the offset, and as Go prints times, which is what PagerDuty's
// Terraform provider sends of rotation_virtual_start (resource_pagerduty_schedule.go).
var offsets = []string{
	time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z0700", "2006-01-02T15:04:05Z07",
	"2006-01-02 15:04:05 -0700 MST", "2006-01-02 15:04:05 -0700 -0700", "2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05 MST", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04Z07:00", "2006-01-02 15:04 -0700",
	"20060102T150405Z0700", time.RFC1123, time.RFC1123Z,
}

// bare are the forms without one.
var bare = []string{
	"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly,
}

// monotonic is the reading of the monotonic clock that Go prints after a time.
var monotonic = regexp.MustCompile(` m=[+-][0-9.]+$`)

// Moment reads a date and time, to the second, as PagerDuty keeps them. One without an
// offset is meant in zone, or in UTC where that is nil.
func Moment(text string, zone *time.Location) (time.Time, error) {
	trimmed := monotonic.ReplaceAllString(strings.TrimSpace(text), "")
	if strings.HasSuffix(trimmed, "z") {
		trimmed = strings.ToUpper(trimmed)
	}
	for _, layout := range offsets {
		if t, err := time.Parse(layout, trimmed); err == nil {
			return t.UTC().Truncate(time.Second), nil
		}
	}
	if zone == nil {
		zone = time.UTC
	}
	for _, layout := range bare {
		if t, err := time.ParseInLocation(layout, trimmed, zone); err == nil {
			return t.UTC().Truncate(time.Second), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a date and time", text)
}

// Zone is the zone of an IANA name, which must name a place.
func Zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not a time zone", name)
	}
	return time.LoadLocation(name)
}

// Name is a name as PagerDuty keeps it: without blanks at its ends, and with one for
// each run of them inside. Source: PagerDuty's Terraform provider,
// SuppressLeadTrailSpaceDiff.
func Name(text string) string { return strings.Join(strings.Fields(text), " ") }

// longestPhone is how many characters a phone number may have.
const longestPhone = 40

var phoneCharacters = regexp.MustCompile(`^[0-9,*#]+$`)

// trunks are the countries whose numbers are taken without their national prefix.
// Source: PagerDuty support documentation, "User Profile", and its Terraform
// provider, validate_contact_address.go.
var trunks = map[int]string{
	33: "0", 40: "0", 44: "0", 45: "0", 49: "0", 61: "0", 66: "0", 91: "0",
	1: "1",
}

const mexico = 52

// Phone is a phone number as PagerDuty keeps it, and what stands against it, or "".
// The text of the zero is PagerDuty's (its Terraform provider's test of contact
// methods); it is given for North America and the countries of trunks.
func Phone(kind string, country int, address string) (kept, refusal string) {
	kept = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "").Replace(address)
	trunk, strict := trunks[country]
	switch {
	case len(kept) > longestPhone:
		return kept, fmt.Sprintf("Address is too long (maximum is %d characters)", longestPhone)
	case !phoneCharacters.MatchString(kept):
		return kept, "Phone number is invalid"
	case strict && strings.HasPrefix(kept, "0"):
		return kept, "Phone number can't start with a zero"
	case strict && strings.HasPrefix(kept, trunk):
		return kept, "Phone number can't start with the national prefix " + trunk
	case country == mexico && kind == "sms_contact_method" && strings.HasPrefix(kept, "1"):
		return kept, "Phone number can't start with the national prefix 1"
	}
	return kept, ""
}
