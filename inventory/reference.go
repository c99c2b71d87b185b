package inventory

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Kind is the part of a reference before the colon.
type Kind string

// The kinds of principals and resources.
const (
	KindAccount    Kind = "account"
	KindUser       Kind = "user"
	KindGroup      Kind = "group"
	KindOnCall     Kind = "oncall"
	KindEscalation Kind = "escalation"
	KindRotation   Kind = "rotation"
	KindTeam       Kind = "team"
	KindSchedule   Kind = "schedule"
	KindService    Kind = "service"
)

// referenceKinds are those that stand before a colon.
var referenceKinds = []Kind{KindUser, KindGroup, KindOnCall, KindEscalation, KindRotation, KindTeam, KindSchedule, KindService}

// Thing is the kind of thing that a kind of reference names: an oncall: and a
// rotation: name a schedule.
func (k Kind) Thing() Kind {
	switch k {
	case KindOnCall, KindRotation:
		return KindSchedule
	}
	return k
}

// Ref is a reference to a principal, a resource or a risk's subject. Exactly
// one of Name and ID is set, but for the account, which has neither, and for
// "team:*", whose Name is "*".
type Ref struct {
	Kind Kind
	// Name is exact; for users it is the e-mail address.
	Name string
	// ID is the PagerDuty id, written behind '#'.
	ID string
	// Level is the escalation level of "escalation@2:…", from 1; 0 means all.
	Level int
}

// AccountRef is the reference to the account itself.
var AccountRef = Ref{Kind: KindAccount}

// ByID returns the reference to a thing by its PagerDuty id: "team:#PABC123".
// It is how snapshot things are named in keys, plans and desired access.
func ByID(kind Kind, id string) Ref { return Ref{Kind: kind, ID: id} }

// String is the reference as policies write it.
func (r Ref) String() string {
	switch {
	case r.IsZero():
		return ""
	case r.Kind == KindAccount:
		return string(KindAccount)
	}
	kind := string(r.Kind)
	if r.Level > 0 {
		kind += "@" + strconv.Itoa(r.Level)
	}
	if r.ID != "" {
		return kind + ":#" + r.ID
	}
	return kind + ":" + r.Name
}

// IsZero says that r refers to nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// MarshalText is String.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText is ParseRef; empty text gives the zero Ref.
func (r *Ref) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*r = Ref{}
		return nil
	}
	p, err := ParseRef(string(text))
	if err != nil {
		return err
	}
	*r = p
	return nil
}

// ParseRef reads "kind:name", "kind:#id", "escalation@LEVEL:name" or
// "account". Which kinds make sense where is the caller's concern.
func ParseRef(text string) (Ref, error) {
	if text == string(KindAccount) {
		return AccountRef, nil
	}
	kind, name, found := strings.Cut(text, ":")
	if !found {
		return Ref{}, fmt.Errorf("%q is not a reference: expected kind:name, such as user:ann@acme.com or team:Payments", text)
	}
	r := Ref{Kind: Kind(kind)}
	if base, level, ok := strings.Cut(kind, "@"); ok {
		n, err := strconv.Atoi(level)
		if base != string(KindEscalation) || err != nil || n < 1 || level != strconv.Itoa(n) {
			return Ref{}, fmt.Errorf("%q: expected escalation@LEVEL with a level from 1, such as escalation@1:Payments", text)
		}
		r.Kind, r.Level = KindEscalation, n
	}
	if !slices.Contains(referenceKinds, r.Kind) {
		return Ref{}, fmt.Errorf("%q: %q is not a kind of reference: expected %s, or account alone%s", text, kind, expectedKinds(), nearestKind(kind, name))
	}
	if id, byID := strings.CutPrefix(name, "#"); byID && r.Kind != KindGroup {
		if id == "" {
			return Ref{}, fmt.Errorf("%q: a PagerDuty id must follow the '#'", text)
		}
		r.ID = id
		return r, nil
	}
	if name == "" {
		return Ref{}, fmt.Errorf("%q: a name must follow the colon", text)
	}
	if r.Kind == KindUser && !strings.Contains(name, "@") {
		return Ref{}, fmt.Errorf("%q: a user is named by e-mail address, or by '#' and PagerDuty id, never by display name", text)
	}
	r.Name = name
	return r, nil
}

// expectedKinds are the kinds of references in words.
func expectedKinds() string {
	var words []string
	for _, k := range referenceKinds {
		words = append(words, string(k))
		if k == KindEscalation {
			words = append(words, string(k)+"@LEVEL")
		}
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// nearestKind suggests the reference with the kind that was meant.
func nearestKind(kind, name string) string {
	var kinds []string
	for _, k := range referenceKinds {
		kinds = append(kinds, string(k))
	}
	if near, ok := Nearest(kind, kinds); ok && name != "" {
		return "; did you mean " + near + ":" + name + "?"
	}
	return ""
}

// Key is the form under which two references to the same name are equal: as
// String, without the level and with e-mail addresses in lower case.
func (r Ref) Key() string {
	r.Level = 0
	if r.Kind == KindUser {
		r.Name = FoldEmail(r.Name)
	}
	return r.String()
}

// FoldEmail is the form in which two spellings of an e-mail address are equal:
// whatever their case, and however an accented letter is composed.
func FoldEmail(address string) string {
	return norm.NFC.String(strings.ToLower(norm.NFC.String(address)))
}
