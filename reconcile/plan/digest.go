package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dutyward/dutyward/inventory"
)

// ErrAltered is about a saved plan that is not as it was saved.
var ErrAltered = errors.New("it was changed or cut off since it was saved")

// Encode is a plan's JSON form, indented, with its digest.
func Encode(p *Plan) ([]byte, error) {
	sealed := *p
	sealed.Digest = ""
	text, err := indented(&sealed)
	if err != nil {
		return nil, err
	}
	if sealed.Digest, err = digest(text); err != nil {
		return nil, err
	}
	return indented(&sealed)
}

// Decode is the plan of a JSON form, if that is as Encode made it but for its
// layout. Another version's is an error that says so.
func Decode(text []byte) (*Plan, error) {
	var p *Plan
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, errors.New(inventory.JSONFault(text, err))
	}
	if p == nil || p.Version != Version {
		return nil, fmt.Errorf("it is not a plan of version %d", Version)
	}
	if is, err := digest(text); err != nil || is != p.Digest {
		return nil, ErrAltered
	}
	return p, nil
}

// digest is that of a plan's JSON form without its digest and its layout.
func digest(text []byte) (string, error) {
	var all map[string]any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&all); err != nil {
		return "", err
	}
	delete(all, "digest")
	canonical, err := json.Marshal(all)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

func indented(p *Plan) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(p)
	return b.Bytes(), err
}
