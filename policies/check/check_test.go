package check_test

import (
	"regexp"
	"testing"

	"github.com/dutyward/dutyward/policies/check"
)

func TestEachAnalyzerHasANameOfItsOwnAndSaysWhatItLooksFor(t *testing.T) {
	form, names := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`), map[string]bool{}
	for _, a := range check.All {
		if !form.MatchString(a.Name) || names[a.Name] || a.Doc == "" || a.Run == nil {
			t.Errorf("%+v", a)
		}
		names[a.Name] = true
	}
}
