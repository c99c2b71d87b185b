package desired

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
)

// reason is why something can't be known.
type reason struct {
	code code.Code
	// about is what it is about; may be zero.
	about inventory.Ref
	text  string
	// near is what may have been meant, which the text ends with; may be empty.
	near string
}

// as is r behind the words that say what can't be done for it.
func (r reason) as(format string, args ...any) reason {
	r.text = fmt.Sprintf(format, args...) + ": " + r.text
	return r
}

// meaning is r with what may have been meant.
func (r reason) meaning(near string) reason {
	if near != "" {
		r.near, r.text = near, r.text+hint(near)
	}
	return r
}

func hint(near string) string { return "; did you mean " + near + "?" }

// at is r about a statement of that origin.
func (r reason) at(o policies.Origin) Notice {
	return Notice{Code: r.code, About: r.about, Message: r.text, Suggestion: r.near, Origin: o}
}

// unknown is r about a pair, or about everybody on a resource.
func (r reason) unknown(user string, resource inventory.Ref) Unknown {
	return Unknown{Code: r.code, User: user, Resource: resource, Reason: r.text}
}

func compareReasons(a, b reason) int {
	return cmp.Or(cmp.Compare(a.text, b.text), cmp.Compare(a.code, b.code), cmp.Compare(a.about.String(), b.about.String()))
}

// sortReasons sorts reasons and drops repetitions.
func sortReasons(rs []reason) []reason {
	slices.SortFunc(rs, compareReasons)
	return slices.CompactFunc(rs, func(a, b reason) bool { return compareReasons(a, b) == 0 })
}

// textsOf are reasons in words.
func textsOf(rs []reason) []string {
	var texts []string
	for _, r := range rs {
		texts = append(texts, r.text)
	}
	return texts
}

func reasonf(c code.Code, about inventory.Ref, format string, args ...any) reason {
	return reason{code: c, about: about, text: fmt.Sprintf(format, args...)}
}

// groupReason is a reason about a group.
func groupReason(c code.Code, name, format string, args ...any) reason {
	return reasonf(c, groupRef(name), format, args...)
}
