package policies

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/dutyward/dutyward/inventory"
)

// Input is the document that policies see as input, converted once. It grows
// from phase to phase: With returns a longer one and leaves the shorter as it
// is.
type Input struct {
	// snapshot is the snapshot's canonical JSON.
	snapshot []byte
	// added are the further keys, in order.
	added []addedKey
	term  *ast.Term
	now   time.Time
}

type addedKey struct {
	key  string
	json []byte
}

// NewInput converts a snapshot, normalizing it on the way.
func NewInput(s *inventory.Snapshot) (*Input, error) {
	var buf bytes.Buffer
	if err := s.Encode(&buf); err != nil {
		return nil, err
	}
	value, err := jsonValue(buf.Bytes())
	if err != nil {
		return nil, fmt.Errorf("convert snapshot to policy input: %w", err)
	}
	return &Input{snapshot: buf.Bytes(), term: ast.NewTerm(value), now: s.Now}, nil
}

// With is in with one more key, whose value is the JSON of v.
func (in *Input) With(key string, v any) (*Input, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("  ", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode input.%s: %w", key, err)
	}
	text := bytes.TrimRight(buf.Bytes(), "\n")
	value, err := jsonValue(text)
	if err != nil {
		return nil, fmt.Errorf("convert input.%s: %w", key, err)
	}
	if _, exists := lookup(in.term, key); exists {
		return nil, fmt.Errorf("input.%s is there already", key)
	}
	added := append(in.added[:len(in.added):len(in.added)], addedKey{key: key, json: text})
	return &Input{snapshot: in.snapshot, added: added, term: with(in.term, key, value), now: in.now}, nil
}

// JSON is the whole document as stock OPA reads it with --input, with a final
// line break: the snapshot's canonical bytes and the keys added to it.
func (in *Input) JSON() ([]byte, error) {
	body, ok := bytes.CutSuffix(in.snapshot, []byte("\n}\n"))
	if !ok {
		return nil, fmt.Errorf("the snapshot's JSON does not end as an object")
	}
	var out bytes.Buffer
	out.Write(body)
	for _, a := range in.added {
		fmt.Fprintf(&out, ",\n  %q: %s", a.key, a.json)
	}
	out.WriteString("\n}\n")
	return out.Bytes(), nil
}

// at is the input with input.now set to now, if it is another time.
func (in *Input) at(now time.Time) *ast.Term {
	if now.Equal(in.now) {
		return in.term
	}
	return with(in.term, "now", ast.String(now.UTC().Truncate(time.Second).Format(time.RFC3339)))
}

func jsonValue(text []byte) (ast.Value, error) {
	var v any
	if err := util.UnmarshalJSON(text, &v); err != nil {
		return nil, err
	}
	return ast.InterfaceToValue(v)
}

func lookup(object *ast.Term, key string) (*ast.Term, bool) {
	obj, ok := object.Value.(ast.Object)
	if !ok {
		return nil, false
	}
	t := obj.Get(ast.StringTerm(key))
	return t, t != nil
}

// with is a copy of an object that shares all its values, with one key set.
func with(object *ast.Term, key string, value ast.Value) *ast.Term {
	old := object.Value.(ast.Object)
	pairs := make([][2]*ast.Term, 0, old.Len()+1)
	old.Foreach(func(k, v *ast.Term) {
		if k.Value.Compare(ast.String(key)) != 0 {
			pairs = append(pairs, [2]*ast.Term{k, v})
		}
	})
	pairs = append(pairs, [2]*ast.Term{ast.StringTerm(key), ast.NewTerm(value)})
	return ast.ObjectTerm(pairs...)
}
