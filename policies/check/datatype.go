package check

import (
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/types"
)

// dataMark is a property that marks types inferred from data: a field that no
// row has may still be meant, so it is a warning, where one that the input
// never has is an error.
const dataMark = "\x00data"

// form is what was seen of one place in a data document, over all rows.
type form struct {
	text, number, boolean, null bool
	// objects counts the mappings seen here, keys their keys.
	objects, keys int
	fields        map[string]*form
	lists         int
	elements      *form
}

func (f *form) see(v any) {
	switch v := v.(type) {
	case nil:
		f.null = true
	case bool:
		f.boolean = true
	case string:
		f.text = true
	case []any:
		f.lists++
		if f.elements == nil {
			f.elements = &form{}
		}
		for _, x := range v {
			f.elements.see(x)
		}
	case map[string]any:
		f.objects++
		f.keys += len(v)
		if f.fields == nil {
			f.fields = make(map[string]*form, len(v))
		}
		for key, x := range v {
			field := f.fields[key]
			if field == nil {
				field = &form{}
				f.fields[key] = field
			}
			field.see(x)
		}
	default:
		f.number = true
	}
}

// join adds what was seen at another place.
func (f *form) join(o *form) {
	f.text, f.number = f.text || o.text, f.number || o.number
	f.boolean, f.null = f.boolean || o.boolean, f.null || o.null
	f.objects, f.keys, f.lists = f.objects+o.objects, f.keys+o.keys, f.lists+o.lists
	if o.elements != nil {
		if f.elements == nil {
			f.elements = &form{}
		}
		f.elements.join(o.elements)
	}
	if f.fields == nil && o.fields != nil {
		f.fields = map[string]*form{}
	}
	for key, field := range o.fields {
		if f.fields[key] == nil {
			f.fields[key] = &form{}
		}
		f.fields[key].join(field)
	}
}

// typ is the type of what was seen; where nothing was, it is any.
func (f *form) typ() types.Type {
	var out types.Type
	if f.text {
		out = types.Or(out, types.S)
	}
	if f.number {
		out = types.Or(out, types.N)
	}
	if f.boolean {
		out = types.Or(out, types.B)
	}
	if f.lists > 0 {
		out = types.Or(out, types.NewArray(nil, f.elements.typ()))
	}
	if f.objects > 0 {
		out = types.Or(out, f.object())
	}
	if out == nil {
		return types.A
	}
	if f.null {
		out = types.Or(out, types.Nl)
	}
	return out
}

// object is the type of the mappings seen: of records, whose keys are known, or
// of a map, whose keys are data themselves.
func (f *form) object() types.Type {
	if !f.isMap() {
		properties := []*types.StaticProperty{types.NewStaticProperty(dataMark, types.Nl), types.NewStaticProperty(anyField, types.A)}
		for _, key := range slices.Sorted(maps.Keys(f.fields)) {
			properties = append(properties, types.NewStaticProperty(key, f.fields[key].typ()))
		}
		return types.NewObject(properties, nil)
	}
	values := &form{}
	for _, field := range f.fields {
		values.join(field)
	}
	return types.NewObject(nil, types.NewDynamicProperty(types.S, values.typ()))
}

// isMap says that keys look like data: there are many of them, or each row has
// others, or all values are mappings or lists, as where things stand by name.
func (f *form) isMap() bool {
	if len(f.fields) == 0 || len(f.fields) > 64 || len(f.fields) > 8 && len(f.fields)*f.objects > 3*f.keys {
		return true
	}
	for _, field := range f.fields {
		if field.text || field.number || field.boolean || field.null {
			return false
		}
	}
	return true
}
