package decide_test

import (
	"testing"

	"github.com/dutyward/dutyward/reconcile/decide"
)

func TestAKeyMatchesBetweenSlashesAndAtItsEndAllThatFollows(t *testing.T) {
	const key = "team/PABC/PUSER/responder/none"
	for pattern, want := range map[string]bool{
		key: true, "team/PABC/*": true, "team/*": true, "team/*/PUSER/*": true,
		"team/PABC/*/responder/none": true,
		"*":                          false, "team/*/none": false, "team/PAB": false, "team/PAB/*": false, "team/PABC": false, "account/*": false,
	} {
		if got := decide.Matches(pattern, key); got != want {
			t.Errorf("%s: %v", pattern, got)
		}
	}
}
