package check

import (
	"encoding"
	"reflect"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/types"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
)

// inputDocument is the input of the longest phase: the snapshot, desired access
// and the groups.
type inputDocument struct {
	inventory.Snapshot
	Desired desiredDocument          `json:"desired"`
	Groups  map[string]groupDocument `json:"groups"`
}

// These are the shapes of what the desired access adds to the input, whose
// package this one can't import; a test holds the two together.
type (
	desiredDocument struct {
		Grants  []grantDocument   `json:"grants"`
		Unknown []unknownDocument `json:"unknown"`
	}
	grantDocument struct {
		User     string        `json:"user"`
		Resource inventory.Ref `json:"resource"`
		Role     string        `json:"role"`
		Layer    string        `json:"layer"`
		From     *time.Time    `json:"from"`
		Until    *time.Time    `json:"until"`
		By       []byDocument  `json:"by"`
	}
	byDocument struct {
		policies.Origin
		Chain []string `json:"chain"`
	}
	unknownDocument struct {
		Code     code.Code     `json:"code"`
		User     string        `json:"user"`
		Resource inventory.Ref `json:"resource"`
		Reason   string        `json:"reason"`
	}
	groupDocument struct {
		Description string                    `json:"description"`
		Owner       string                    `json:"owner"`
		Members     map[string]memberDocument `json:"members"`
	}
	memberDocument struct {
		From   *time.Time `json:"from"`
		Until  *time.Time `json:"until"`
		Chains [][]string `json:"chains"`
	}
)

// anyField is a property of any type that all types of records have, to stand
// for a field that was found missing.
const anyField = "\x00any"

// inputType is the input as OPA's type checker knows it.
func inputType() types.Type { return typeOfJSON(reflect.TypeFor[inputDocument]()) }

// typeOfJSON is the type of the JSON that encoding/json makes of a Go type.
func typeOfJSON(t reflect.Type) types.Type {
	if t.Kind() == reflect.Pointer {
		return types.Or(types.Nl, typeOfJSON(t.Elem()))
	}
	if t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return types.S
	}
	switch t.Kind() {
	case reflect.String:
		return types.S
	case reflect.Bool:
		return types.B
	case reflect.Int, reflect.Int64, reflect.Float64:
		return types.N
	case reflect.Slice:
		return types.NewArray(nil, typeOfJSON(t.Elem()))
	case reflect.Map:
		return types.NewObject(nil, types.NewDynamicProperty(types.S, typeOfJSON(t.Elem())))
	case reflect.Struct:
		return types.NewObject(append(propertiesOf(t), types.NewStaticProperty(anyField, types.A)), nil)
	}
	return types.A
}

func propertiesOf(t reflect.Type) []*types.StaticProperty {
	var out []*types.StaticProperty
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case f.Anonymous && name == "":
			out = append(out, propertiesOf(f.Type)...)
		case name == "":
			out = append(out, types.NewStaticProperty(f.Name, typeOfJSON(f.Type)))
		default:
			out = append(out, types.NewStaticProperty(name, typeOfJSON(f.Type)))
		}
	}
	return out
}
