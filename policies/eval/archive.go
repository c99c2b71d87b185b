package eval

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/guard"
	"github.com/dutyward/dutyward/policies/source"
)

// manifest describes an archive of a revision; its version is the format's.
type manifest struct {
	Version     int                   `json:"version"`
	Roots       []string              `json:"roots"`
	TimeLimit   time.Duration         `json:"time_limit"`
	MaxElements int                   `json:"max_elements"`
	Allow       []string              `json:"allow_builtins"`
	Files       []archivedFile        `json:"files"`
	Provenance  []policies.Provenance `json:"provenance"`
	Schemas     []archivedSchema      `json:"schemas"`
}

type archivedFile struct {
	Root string `json:"root"`
	Path string `json:"path"`
	Name string `json:"name"`
}

type archivedSchema struct {
	Document string `json:"document"`
	Name     string `json:"name"`
}

// Source is the revision's files as an archive (a compressed tar), which
// LoadSource reads: what to keep so as to evaluate this revision later, when
// the directories hold another. Equal revisions of one provenance give equal
// bytes.
func (s *Set) Source() ([]byte, error) {
	m := manifest{Version: source.ManifestVersion, Roots: s.options.Roots, TimeLimit: s.options.TimeLimit, MaxElements: s.options.MaxElements, Allow: s.options.AllowBuiltins, Provenance: s.provenance}
	var contents [][]byte
	for _, f := range s.files {
		m.Files = append(m.Files, archivedFile{Root: f.Root, Path: f.Path, Name: f.Name})
		contents = append(contents, f.Content)
	}
	for _, sc := range s.schemas {
		m.Schemas = append(m.Schemas, archivedSchema{Document: sc.Document, Name: sc.File.Name})
		contents = append(contents, sc.File.Content)
	}
	head, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("archive policies: %w", err)
	}
	var buf bytes.Buffer
	zip := gzip.NewWriter(&buf)
	archive := tar.NewWriter(zip)
	add := func(name string, content []byte) error {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			return err
		}
		_, err := archive.Write(content)
		return err
	}
	if err := add(source.ManifestName, head); err != nil {
		return nil, fmt.Errorf("archive policies: %w", err)
	}
	for i, content := range contents {
		if err := add(fmt.Sprintf("%d", i), content); err != nil {
			return nil, fmt.Errorf("archive policies: %w", err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("archive policies: %w", err)
	}
	if err := zip.Close(); err != nil {
		return nil, fmt.Errorf("archive policies: %w", err)
	}
	return buf.Bytes(), nil
}

// LoadSource loads a revision from what Source gave. Origins and problems name
// the files as they were called then. The policies were good when they were
// kept: what Load checks beyond that they compile is not checked again, so that
// a newer version of this program, which refuses more, still runs them.
func LoadSource(ctx context.Context, source []byte) (*Set, error) {
	defer guard.From(ctx).Enter(ctx, "load the policies", defaultTimeLimit).Leave()
	m, contents, err := unpack(source)
	if err != nil {
		return nil, fmt.Errorf("read archived policies: %w", err)
	}
	o, files, schemas := m.revision(contents)
	set, err := loadKept(ctx, o, files, schemas)
	if err != nil {
		return nil, err
	}
	set.provenance = m.Provenance
	return set, nil
}

// revision is what an archive's files are.
func (m manifest) revision(contents [][]byte) (Options, []*source.File, []source.Schema) {
	o := Options{Roots: m.Roots, Schemas: map[string]string{}, TimeLimit: m.TimeLimit, MaxElements: m.MaxElements, AllowBuiltins: m.Allow}
	var files []*source.File
	for i, f := range m.Files {
		files = append(files, &source.File{Root: f.Root, Path: f.Path, Name: f.Name, Content: contents[i]})
	}
	var schemas []source.Schema
	for i, sc := range m.Schemas {
		o.Schemas[sc.Document] = sc.Name
		schemas = append(schemas, source.Schema{Document: sc.Document, File: &source.File{Name: sc.Name, Path: sc.Name, Content: contents[len(m.Files)+i]}})
	}
	return o, files, schemas
}

func unpack(text []byte) (manifest, [][]byte, error) {
	var m manifest
	zip, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return m, nil, err
	}
	archive := tar.NewReader(io.LimitReader(zip, source.MaxArchive))
	var contents [][]byte
	for {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return m, nil, err
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return m, nil, err
		}
		if header.Name != source.ManifestName {
			contents = append(contents, content)
			continue
		}
		if err := json.Unmarshal(content, &m); err != nil {
			return m, nil, err
		}
	}
	if m.Version != source.ManifestVersion {
		return m, nil, fmt.Errorf("format %d; this version reads format %d", m.Version, source.ManifestVersion)
	}
	if len(contents) != len(m.Files)+len(m.Schemas) {
		return m, nil, fmt.Errorf("%d files; the manifest lists %d", len(contents), len(m.Files)+len(m.Schemas))
	}
	return m, contents, nil
}

// LoadKept compiles policies that are part of this program, given by name, as those of a
// root. Like LoadSource it checks nothing beyond that they compile.
func LoadKept(ctx context.Context, root string, contents map[string]string) (*Set, error) {
	defer guard.From(ctx).Enter(ctx, "load the policies", defaultTimeLimit).Leave()
	var files []*source.File
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		files = append(files, &source.File{Root: root, Path: name, Name: root + "/" + name, Content: []byte(contents[name])})
	}
	return loadKept(ctx, Options{Roots: []string{root}}.withDefaults(), files, nil)
}
