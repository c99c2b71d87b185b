package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
	"go.yaml.in/yaml/v3"
	"golang.org/x/sync/errgroup"
)

// Documents are the merged data documents of all roots, as OPA names them: by
// directory, not by file.
type Documents struct {
	Root map[string]any
	// owners maps the dotted path of each leaf to the file that gave it.
	owners map[string]*File
	// Under maps each first key to the files that give something under it.
	Under map[string][]*File
	// Left are the paths of files in the roots that are not read.
	Left []string
	// Broken says that some file could not be read, so that more may be missing.
	Broken bool
	// Store gives them to policies.
	Store func() storage.Store
}

func newDocuments() Documents {
	root := map[string]any{}
	return Documents{
		Root: root, owners: map[string]*File{}, Under: map[string][]*File{},
		Store: sync.OnceValue(func() storage.Store { return inmem.NewFromASTObject(objectOf(root)) }),
	}
}

// LoadData reads and merges all data files. What is wrong goes to the report.
func LoadData(files []*File, r *Report) Documents {
	d := newDocuments()
	for _, f := range files {
		if f.IsRego() {
			continue
		}
		doc, ok := decodeData(f, r)
		if !ok {
			d.Broken = true
			continue
		}
		if !d.add(f, doc, r) {
			d.Broken = true
		}
	}
	return d
}

// KeptData reads and merges the data files of policies that were good once,
// without the checks of what authors write.
func KeptData(files []*File, r *Report) Documents {
	d := newDocuments()
	for _, f := range files {
		if f.IsRego() {
			continue
		}
		var doc any
		if err := util.Unmarshal(f.Content, &doc); err != nil {
			r.Add(policies.Problem{Code: codeDataSyntax, File: f.Name, Message: err.Error()})
			continue
		}
		d.add(f, doc, r)
	}
	return d
}

// decodeData reads a data file as OPA does, but strictly.
func decodeData(f *File, r *Report) (any, bool) {
	if len(bytes.TrimSpace(f.Content)) == 0 {
		r.Add(policies.Problem{Code: codeEmptyData, File: f.Name, Found: "an empty file", Expected: "a document; write {} or [] if nothing is meant"})
		return nil, false
	}
	if f.mergeConflict(r) {
		return nil, false
	}
	var doc any
	var decoding errgroup.Group // beside checking, for large files take their time
	decoding.Go(func() error { return util.Unmarshal(f.Content, &doc) })
	before := len(r.Problems)
	if f.isJSON() {
		CheckJSON(f, r)
	} else {
		checkYAML(f, r)
	}
	err := decoding.Wait()
	if len(r.Problems) > before {
		return nil, false
	}
	if err != nil {
		r.Add(policies.Problem{Code: codeDataSyntax, File: f.Name, Message: err.Error()})
		return nil, false
	}
	return doc, true
}

// add merges a file's document; ok is false if it can't stand where it would.
func (d Documents) add(f *File, doc any, r *Report) (ok bool) {
	var keys []string
	if dir := path.Dir(f.Path); dir != "." {
		keys = strings.Split(dir, "/")
	}
	for i := len(keys) - 1; i >= 0; i-- {
		doc = map[string]any{keys[i]: doc}
	}
	top, ok := doc.(map[string]any)
	if !ok {
		r.Add(policies.Problem{Code: codeTopLevel, File: f.Name, Line: 1, Column: 1,
			Found:    policies.Article(contract.TypeOf(doc)) + " " + contract.TypeOf(doc) + " at the top of the root",
			Expected: "a mapping, whose keys become data.…; or put the file into a directory, which names it"})
		return false
	}
	if own, ok := top["dutyward"]; ok && own != nil {
		r.Add(policies.Problem{Code: codeReservedData, File: f.Name, Found: "a document for data.dutyward", Expected: "another name: data.dutyward is the embedded library"})
		return false
	}
	for key := range top {
		d.Under[key] = append(d.Under[key], f)
	}
	d.merge(d.Root, top, "", f, r)
	return true
}

func (d Documents) merge(into, from map[string]any, at string, f *File, r *Report) {
	for key, v := range from {
		where := strings.TrimPrefix(at+"."+key, ".")
		old, exists := into[key]
		if !exists {
			into[key] = d.own(v, where, f)
			continue
		}
		oldMap, ok1 := old.(map[string]any)
		newMap, ok2 := v.(map[string]any)
		if ok1 && ok2 {
			d.merge(oldMap, newMap, where, f, r)
			continue
		}
		r.Add(policies.Problem{Code: codeDataConflict, File: f.Name, Found: "a second document for data." + where,
			Expected: fmt.Sprintf("each document once; the other is in %s", d.ownerOf(where))})
	}
}

// own remembers which file v is from, and copies its maps.
func (d Documents) own(v any, where string, f *File) any {
	d.owners[where] = f
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := make(map[string]any, len(m))
	for key, x := range m {
		out[key] = x
		if sub, ok := x.(map[string]any); ok {
			out[key] = d.own(sub, where+"."+key, f)
		}
	}
	return out
}

func (d Documents) ownerOf(where string) string {
	for ; where != ""; where = parent(where) {
		if f := d.owners[where]; f != nil {
			return f.Name
		}
	}
	return "another file"
}

func parent(where string) string {
	i := strings.LastIndexByte(where, '.')
	if i < 0 {
		return ""
	}
	return where[:i]
}

// CheckJSON reports syntax errors, duplicate keys and anything behind the
// document.
func CheckJSON(f *File, r *Report) {
	dec := json.NewDecoder(bytes.NewReader(f.Content))
	dec.UseNumber()
	c := jsonCheck{file: f, report: r, dec: dec}
	if err := c.value(); err != nil {
		at := dec.InputOffset()
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = syntax.Offset - 1
		}
		if comma, ok := lastComma(f.Content, at); ok {
			line, column := f.Place(comma)
			r.Add(policies.Problem{Code: codeDataSyntax, File: f.Name, Line: line, Column: column, Message: "not JSON: a comma behind the last element", Expected: "none there"})
			return
		}
		line, column := f.Place(at)
		if errors.Is(err, io.EOF) {
			err = errors.New("the document ends too early")
		}
		r.Add(policies.Problem{Code: codeDataSyntax, File: f.Name, Line: line, Column: column, Message: "not JSON: " + err.Error(), Expected: jsonSlip(f, err, line, column)})
		return
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		line, column := f.Place(dec.InputOffset() - 1)
		r.Add(policies.Problem{Code: codeSecondDocument, File: f.Name, Line: line, Column: column, Found: "something behind the document", Expected: "one document a file"})
	}
}

// lastComma is the place of a comma before a bracket that closes, if that is what
// lies at an offset.
func lastComma(content []byte, at int64) (int64, bool) {
	rest := content[max(0, min(int(at)-1, len(content))):]
	closing := bytes.IndexAny(rest, "]}")
	if closing < 0 || len(bytes.Trim(rest[:closing], ", \t\r\n")) > 1 {
		return 0, false
	}
	before := bytes.TrimRight(content[:len(content)-len(rest)+closing], " \t\r\n")
	return int64(len(before)) - 1, bytes.HasSuffix(before, []byte(","))
}

// jsonSlip is what a place at which JSON does not parse wants.
func jsonSlip(f *File, err error, line, column int) string {
	source := f.line(line)
	at := strings.TrimLeft(source[max(0, min(column-1, len(source))):], ", \t")
	switch {
	case bytes.HasPrefix(f.Content, []byte("\xef\xbb\xbf")):
		return "a file without a byte order mark at its beginning"
	case strings.HasPrefix(at, "//"), strings.HasPrefix(at, "#"), strings.HasPrefix(at, "/*"):
		return "no comments, which JSON does not have; a YAML file may have them"
	case strings.Contains(err.Error(), `'\''`):
		return `double quotes, "…"`
	}
	return ""
}

type jsonCheck struct {
	file   *File
	report *Report
	dec    *json.Decoder
}

func (c jsonCheck) value() error {
	token, err := c.dec.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		return c.object()
	case json.Delim('['):
		for c.dec.More() {
			if err := c.value(); err != nil {
				return err
			}
		}
		_, err = c.dec.Token()
		return err
	}
	return nil
}

func (c jsonCheck) object() error {
	// Offsets are kept and placed only if needed: placing counts lines from the
	// file's start, which for every key of a large file would be quadratic.
	offsets := map[string]int64{}
	for c.dec.More() {
		token, err := c.dec.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		offset := c.dec.InputOffset() - int64(len(key)) - 2
		if first, ok := offsets[key]; ok {
			firstLine, _ := c.file.Place(first)
			line, column := c.file.Place(offset)
			c.report.Add(DuplicateKey(codeDuplicateKey, c.file, key, line, column, firstLine))
		} else {
			offsets[key] = offset
		}
		if err := c.value(); err != nil {
			return err
		}
	}
	_, err := c.dec.Token()
	return err
}

// DuplicateKey is the problem of a key that one object has twice.
func DuplicateKey(c code.Code, f *File, key string, line, column, first int) policies.Problem {
	return policies.Problem{Code: c, File: f.Name, Line: line, Column: column, See: fmt.Sprintf("%s:%d", f.Name, first),
		Found: fmt.Sprintf("key %q a second time", key), Expected: fmt.Sprintf("each key once; the first is in line %d", first)}
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// checkYAML reports syntax errors, duplicate keys and second documents.
func checkYAML(f *File, r *Report) {
	dec := yaml.NewDecoder(bytes.NewReader(f.Content))
	var doc, second yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			r.Add(policies.Problem{Code: codeEmptyData, File: f.Name, Found: "nothing but comments", Expected: "a document; write {} or [] if nothing is meant"})
			return
		}
		r.Add(yamlProblem(f, err))
		return
	}
	checkYAMLKeys(f, r, &doc)
	switch err := dec.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		r.Add(yamlProblem(f, err))
	default:
		r.Add(policies.Problem{Code: codeSecondDocument, File: f.Name, Line: second.Line, Column: second.Column, Found: "a second YAML document",
			Expected: "one document a file; what stands behind '---' would not be read"})
	}
}

func yamlProblem(f *File, err error) policies.Problem {
	p := policies.Problem{Code: codeDataSyntax, File: f.Name, Message: "not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Message = strings.Replace(p.Message, m[0], "", 1)
	}
	switch text := f.line(p.Line); {
	case strings.Contains(text, "\t") && (strings.Contains(p.Message, "cannot start any token") || strings.Contains(p.Message, "tab character")):
		p.Expected = "spaces: YAML takes no tabs for indentation"
	case strings.Contains(p.Message, "mapping values are not allowed"):
		p.Expected = "a space behind each colon, here and in the line above, and quotes around a text that has a colon and a space in it"
	case strings.Contains(p.Message, "expected '-' indicator"), strings.Contains(p.Message, "expected key"):
		p.Expected = "what belongs together at one indentation, in the lines below"
	}
	return p
}

func checkYAMLKeys(f *File, r *Report, n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		lines := map[string]int{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
				continue
			}
			if first, ok := lines[key.Value]; ok {
				r.Add(DuplicateKey(codeDuplicateKey, f, key.Value, key.Line, key.Column, first))
				continue
			}
			lines[key.Value] = key.Line
		}
	}
	for _, child := range n.Content {
		checkYAMLKeys(f, r, child)
	}
}
