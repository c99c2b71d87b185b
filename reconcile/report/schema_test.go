package report

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/reconcile/compare"
	"github.com/dutyward/dutyward/reconcile/forecast"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestEveryKeyOfThePlanIsDocumentedInItsOrder(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference/plan.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	keysByType(reflect.TypeFor[plan.Plan](), want)
	if diff := cmp.Diff(want, documentedKeys(string(text))); diff != "" {
		t.Errorf("keys of the plan (-code +docs/reference/plan.md):\n%s", diff)
	}
}

func TestEveryKeyOfTheForecastIsDocumentedInItsOrder(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference/forecast.md")
	if err != nil {
		t.Fatal(err)
	}
	want, shared := map[string][]string{}, map[string][]string{}
	keysByType(reflect.TypeFor[forecast.Forecast](), want)
	keysByType(reflect.TypeFor[compare.Course](), want)
	keysByType(reflect.TypeFor[plan.Plan](), shared)
	for name := range shared {
		delete(want, name) // documented with the plan
	}
	if diff := cmp.Diff(want, documentedKeys(string(text))); diff != "" {
		t.Errorf("keys of the forecast (-code +docs/reference/forecast.md):\n%s", diff)
	}
}

// keysByType collects the JSON keys of a struct and of all structs in it, by
// the type's name; what a type embeds is documented with the embedded type.
func keysByType(t reflect.Type, into map[string][]string) {
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer:
		keysByType(t.Elem(), into)
		return
	case reflect.Struct:
	default:
		return
	}
	if _, seen := into[t.Name()]; seen || t == reflect.TypeFor[time.Time]() || t.Name() == "Ref" {
		return
	}
	into[t.Name()] = []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || f.Tag.Get("json") == "-" {
			continue
		}
		if key := f.Tag.Get("json"); key != "" {
			into[t.Name()] = append(into[t.Name()], key)
		}
		keysByType(f.Type, into)
	}
}

var tableRow = regexp.MustCompile("^\\| `([a-z_]+)` \\| .+ \\|$")

// documentedKeys are the keys of each table, by the heading above it.
func documentedKeys(text string) map[string][]string {
	keys, heading := map[string][]string{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if h, ok := strings.CutPrefix(line, "## "); ok {
			heading = h
			keys[heading] = []string{}
		}
		if m := tableRow.FindStringSubmatch(line); m != nil {
			keys[heading] = append(keys[heading], m[1])
		}
	}
	return keys
}

func TestEveryKeyOfADifferenceIsDocumentedInItsOrder(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference/difference.md")
	if err != nil {
		t.Fatal(err)
	}
	want, shared := map[string][]string{}, map[string][]string{}
	keysByType(reflect.TypeFor[compare.Difference](), want)
	keysByType(reflect.TypeFor[plan.Plan](), shared)
	for name := range shared {
		delete(want, name) // documented with the plan
	}
	for name, keys := range want {
		if strings.HasPrefix(name, "Moved[") {
			delete(want, name)
			want["Moved"] = keys
		}
	}
	if diff := cmp.Diff(want, documentedKeys(string(text))); diff != "" {
		t.Errorf("keys of a difference (-code +docs/reference/difference.md):\n%s", diff)
	}
}
