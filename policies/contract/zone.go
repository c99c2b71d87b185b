package contract

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/agnivade/levenshtein"
	"github.com/dutyward/dutyward/policies"
)

// zones are the names of time zones, for suggestions alone. Source: the IANA
// database as Go has it.
//
//go:embed zones.txt
var zones string

var zoneNames = sync.OnceValue(func() []string { return strings.Fields(zones) })

// UnknownZone is the problem of a name that no time zone has.
func UnknownZone(name string) (p policies.Problem, unknown bool) {
	if _, err := time.LoadLocation(name); err == nil && name != "Local" {
		return policies.Problem{}, false
	}
	p = policies.Problem{Code: CodeUnknownZone, Found: fmt.Sprintf("time zone %q, which there is not", name), Expected: "a name of the IANA database, such as Europe/Berlin, or UTC"}
	if near := nearestZone(name); near != "" {
		p.Suggestion = strconv.Quote(near)
	}
	return p, true
}

// nearestZone is the zone that somebody may have meant: by its city, or with a
// slip of the pen.
func nearestZone(name string) string {
	city := strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], " ", "_")
	for _, zone := range zoneNames() {
		if strings.EqualFold(zone[strings.LastIndexByte(zone, '/')+1:], city) {
			return zone
		}
	}
	if len(city) < 5 {
		return ""
	}
	var cities []string
	for _, zone := range zoneNames() {
		cities = append(cities, zone[strings.LastIndexByte(zone, '/')+1:])
	}
	if near, ok := policies.Nearest(city, cities); ok && len(near) >= 5 && levenshtein.ComputeDistance(near, city) <= 2 {
		return zoneNames()[slices.Index(cities, near)]
	}
	return ""
}
