package inventory_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

func TestWhatIsWrongWithJSONIsSaidInAPersonsWords(t *testing.T) {
	type document struct {
		Name  string    `json:"name"`
		Count *int      `json:"count"`
		On    bool      `json:"on"`
		At    time.Time `json:"at"`
		List  []string  `json:"list"`
	}
	for text, want := range map[string]string{
		"":                        "it is empty",
		" \n":                     "it is empty",
		"\x1f\x8b\x08":            "it is compressed with gzip: unpack it first",
		"\xff\xfe{\x00":           "it is UTF-16: save it as UTF-8",
		"\xef\xbb\xbf{}":          "it begins with a byte order mark: save it as UTF-8 without one",
		"{\xd1}":                  "it is a binary file, not text",
		"SQLite format 3\x00":     "it is a binary file, not text",
		"{\n\"name\": \"a":        "it is cut off: it ends in line 2, in the middle of a value",
		"{\n\"name\": \"a\",,\n}": "line 2: not JSON: ',' does not belong there",
		"nothing":                 "line 1: not JSON: 'o' does not belong there",
		"é":                       "line 1: not JSON: 'é' does not belong there",
		"[]":                      "line 1: the document is a list; expected an object",
		"{\"name\": 3}":           "line 1: name is a number; expected a string",
		"{\n\"count\": \"3\"}":    "line 2: count is a string; expected a number",

		"{\"on\": {}}":        "line 1: on is an object; expected true or false",
		"{\"list\": true}":    "line 1: list is true or false; expected a list",
		"{\"at\": \"today\"}": "today is not a time; expected one such as 2026-03-02T09:00:00Z",
	} {
		var d document
		err := json.Unmarshal([]byte(text), &d)
		if err == nil {
			t.Errorf("%q is decoded", text)
			continue
		}
		if got := inventory.JSONFault([]byte(text), err); got != want {
			t.Errorf("%q: %s\nwant: %s", text, got, want)
		}
	}
}
