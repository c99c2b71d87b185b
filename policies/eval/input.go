package eval

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"golang.org/x/sync/errgroup"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/source"
)

// Input is the document that policies see as input. It grows from phase to
// phase: With returns a longer one and leaves the shorter as it is.
//
// Each of its keys is converted once, when policies that read it are evaluated
// for the first time. What was given for it must not change after that.
type Input struct {
	snapshot *inventory.Snapshot
	parts    []*inputPart
	// added are the parts behind those of the snapshot.
	added int
}

// inputPart is one key of the input.
type inputPart struct {
	key   string
	value func() any
	once  sync.Once
	term  *ast.Term
	err   error
}

func (p *inputPart) converted() (*ast.Term, error) {
	p.once.Do(func() {
		if p.term, p.err = source.TermOf(p.value()); p.err != nil {
			p.err = fmt.Errorf("convert input.%s: %w", p.key, p.err)
		}
	})
	return p.term, p.err
}

// Part is one key of an input as JSON.
type Part struct {
	Key  string
	JSON []byte
}

// Parts are the keys of the input that rules read, so that ReadInput makes in
// another process an input that is the same to them.
func (in *Input) Parts(reads Keys) ([]Part, error) {
	var parts []Part
	for _, p := range in.parts {
		if !reads.keys().has(p.key) {
			continue
		}
		text, err := json.Marshal(p.value())
		if err != nil {
			return nil, fmt.Errorf("encode input.%s: %w", p.key, err)
		}
		parts = append(parts, Part{p.key, text})
	}
	return parts, nil
}

// Now is the time that the input's snapshot is for.
func (in *Input) Now() time.Time { return in.snapshot.Now }

// InputReader makes inputs of parts, one after the other. A part that is as it
// was is kept as it was converted.
//
// The zero value is ready for use, by one goroutine at a time.
type InputReader struct{ last map[string]*readPart }

type readPart struct {
	*inputPart
	text digest
}

// Read makes an input of its parts.
func (r *InputReader) Read(parts []Part, now time.Time) *Input {
	in := &Input{snapshot: &inventory.Snapshot{Now: now}}
	if r.last == nil {
		r.last = map[string]*readPart{}
	}
	for _, p := range parts {
		text := digest(sha256.Sum256(p.JSON))
		if last := r.last[p.Key]; last == nil || last.text != text {
			r.last[p.Key] = &readPart{text: text, inputPart: &inputPart{key: p.Key, value: func() any { return json.RawMessage(p.JSON) }}}
		}
		in.parts = append(in.parts, r.last[p.Key].inputPart)
	}
	return in
}

// NewInput makes the input of a snapshot, normalizing it on the way.
func NewInput(s *inventory.Snapshot) (*Input, error) {
	s.Normalize()
	in := &Input{snapshot: s}
	v := reflect.ValueOf(s).Elem()
	fields, ok := source.FieldsOf(v.Type(), nil)
	if !ok {
		return nil, fmt.Errorf("the snapshot's JSON has keys that can't be derived from its type")
	}
	for _, f := range fields {
		in.parts = append(in.parts, &inputPart{key: f.Name, value: v.FieldByIndex(f.Index).Interface})
	}
	return in, nil
}

// With is in with one more key, whose value is the JSON of what value returns;
// it is asked if some policy reads that key.
func (in *Input) With(key string, value func() any) (*Input, error) {
	for _, p := range in.parts {
		if p.key == key {
			return nil, fmt.Errorf("input.%s is there already", key)
		}
	}
	return &Input{
		snapshot: in.snapshot, added: in.added + 1,
		parts: append(in.parts[:len(in.parts):len(in.parts)], &inputPart{key: key, value: value}),
	}, nil
}

// JSON is the whole document as stock OPA reads it with --input, with a final
// line break: the snapshot's canonical bytes and the keys added to it.
func (in *Input) JSON() ([]byte, error) {
	var out bytes.Buffer
	if err := in.snapshot.Encode(&out); err != nil {
		return nil, err
	}
	body, ok := bytes.CutSuffix(out.Bytes(), []byte("\n}\n"))
	if !ok {
		return nil, fmt.Errorf("the snapshot's JSON does not end as an object")
	}
	out.Truncate(len(body))
	for _, p := range in.parts[len(in.parts)-in.added:] {
		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		enc.SetIndent("  ", "  ")
		if err := enc.Encode(p.value()); err != nil {
			return nil, fmt.Errorf("encode input.%s: %w", p.key, err)
		}
		fmt.Fprintf(&out, ",\n  %q: %s", p.key, bytes.TrimRight(text.Bytes(), "\n"))
	}
	out.WriteString("\n}\n")
	return out.Bytes(), nil
}

// document is the input that rules see which read these keys, at a time, which
// input.now is set to.
func (in *Input) document(reads keys, now time.Time) (*ast.Term, error) {
	terms := make([]*ast.Term, len(in.parts))
	var group errgroup.Group
	group.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	for i, p := range in.parts {
		if !reads.has(p.key) {
			continue
		}
		if p.key == "now" && !now.Equal(in.snapshot.Now) {
			terms[i] = ast.StringTerm(now.UTC().Truncate(time.Second).Format(time.RFC3339))
			continue
		}
		group.Go(func() (err error) {
			terms[i], err = p.converted()
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	pairs := make([][2]*ast.Term, 0, len(terms))
	for i, p := range in.parts {
		if terms[i] != nil {
			pairs = append(pairs, [2]*ast.Term{ast.StringTerm(p.key), terms[i]})
		}
	}
	return ast.ObjectTerm(pairs...), nil
}
