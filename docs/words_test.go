package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// better says what to write for words that an English reader stumbles over, or for
// which PagerDuty, Terraform and Kubernetes have another.
var better = map[string]string{
	`told`:                "reported; what can't be told is unknown",
	`anew`:                "again",
	`mend(s|ed|ing)?`:     "fix",
	`for good`:            "permanently",
	`in hand`:             "in progress",
	`otherwise than`:      "differently from",
	`waits? for a word`:   "needs a decision",
	`hand-?overs?`:        "handoff",
	`(no-)?colour(s|ed)?`: "color, as in --no-color",
	`licences?`:           "license",
	`honour(s|ed|ing)?`:   "honor",
}

// The changelog keeps the words of its time.
func TestPagesSayItInCommonWords(t *testing.T) {
	code := regexp.MustCompile("`[^`\n]*`")
	references, err := filepath.Glob("reference/*.md") // with the help of all commands
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages(t), references...) {
		if name := filepath.Base(page); name == "CHANGELOG.md" {
			continue
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		text = code.ReplaceAll(text, nil) // names that programs know
		for word, instead := range better {
			for _, at := range regexp.MustCompile(`(?i)\b`+word+`\b`).FindAllIndex(text, -1) {
				line := 1 + strings.Count(string(text[:at[0]]), "\n")
				t.Errorf("%s:%d: %q; write: %s", page, line, text[at[0]:at[1]], instead)
			}
		}
	}
}
