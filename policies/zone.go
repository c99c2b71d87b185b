package policies

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// zones are the names of time zones, for suggestions alone. Source: the IANA
// database as Go has it.
//
//go:embed zones.txt
var zones string

var zoneNames = sync.OnceValue(func() []string { return strings.Fields(zones) })

// unknownZone is the problem of a name that no time zone has.
func unknownZone(name string) (p Problem, unknown bool) {
	if _, err := time.LoadLocation(name); err == nil && name != "Local" {
		return Problem{}, false
	}
	p = Problem{Found: fmt.Sprintf("time zone %q, which there is not", name), Expected: "a name of the IANA database, such as Europe/Berlin, or UTC"}
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
	if len(name) < 6 {
		return ""
	}
	near, _ := nearest(name, zoneNames())
	return near
}
