package risk

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// limits are the roles to which somebody is limited whom a rule finds, by rule.
var limits = map[string]string{
	"dutyward.permanent-admin":     "user",
	"dutyward.irregular-base-role": "limited_user",
	"dutyward.irregular-team-role": "responder",
	"dutyward.observer-manages":    "observer",
	"dutyward.seat-unused":         "read_only_user",
}

// Limits is a patch, as `git apply` takes it, that adds limits to the policies after which
// those of the risks are gone that are about too high a role; and how many these are. The
// file is new, below a policy root.
func Limits(items []Item, root string, now time.Time) (patch string, mended int) {
	var b strings.Builder
	name := "risk_" + now.UTC().Format("20060102t1504")
	fmt.Fprintf(&b, "# METADATA\n# title: Limits that answer risks\npackage access.%s\n", name)
	for _, x := range items {
		role, ok := limits[x.Rule]
		if !ok {
			continue
		}
		mended++
		resource := x.On
		if resource == "" {
			resource = "account"
		}
		fmt.Fprintf(&b, "\n# METADATA\n# title: %s\nlimit contains {\"principal\": %s, \"resource\": %s, \"at_most\": %q, \"reason\": %s}\n",
			quoted(plain(x.Message)), quoted(x.Name), quoted(resource), role, quoted(x.Message))
	}
	if mended == 0 {
		return "", 0
	}
	return newFile(root+"/access/"+name+".rego", b.String()), mended
}

// Waivers is a patch that accepts risks until a moment.
func Waivers(items []Item, root, reason string, until, now time.Time) string {
	if len(items) == 0 {
		return ""
	}
	var b strings.Builder
	name := "risk_" + now.UTC().Format("20060102t1504")
	fmt.Fprintf(&b, "# METADATA\n# title: Risks that are accepted for a while\npackage risk.%s\n", name)
	for _, x := range items {
		on := ""
		if x.Resource != "" {
			on = fmt.Sprintf(", \"resource\": %s", quoted(x.Resource))
		}
		fmt.Fprintf(&b, "\n# %s\nwaive contains {\"rule\": %s, \"subject\": %s%s, \"reason\": %s, \"until\": %q}\n",
			plain(x.Message), quoted(x.Rule), quoted(x.Subject), on, quoted(reason), until.UTC().Format(time.RFC3339))
	}
	return newFile(root+"/risk/"+name+".rego", b.String())
}

// quoted is a text as Rego writes it, which is as JSON does: Go has escapes that JSON lacks.
func quoted(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a text can be encoded
	return strings.TrimSuffix(b.String(), "\n")
}

// plain is a text on one line, without what can't be seen.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.Join(strings.Fields(text), " "))
}

// newFile is a patch that makes a file. Without git's own header its path is relative to
// where `git apply` runs, and not to the top of the repository.
func newFile(path, content string) string {
	lines := strings.SplitAfter(strings.TrimSuffix(content, "\n"), "\n")
	var b strings.Builder
	fmt.Fprintf(&b, "--- /dev/null\n+++ b/%s\n@@ -0,0 +1,%d @@\n", path, len(lines))
	for _, line := range lines {
		b.WriteString("+" + strings.TrimSuffix(line, "\n") + "\n")
	}
	return b.String()
}
