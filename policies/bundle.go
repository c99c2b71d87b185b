package policies

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/bundle"
)

// isBundle says that a root is named as OPA's bundles are.
func isBundle(root string) bool {
	return strings.HasSuffix(root, ".tar.gz") || strings.HasSuffix(root, ".tgz")
}

// The files of a bundle that are about it, and those that this program has no
// use for.
const (
	bundleManifest   = ".manifest"
	bundleSignatures = ".signatures.json"
	bundlePatch      = "patch.json"
	bundlePlan       = "plan.json"
)

// bundle reads an OPA bundle as the directory that was packed: its policies and
// data, also where a data file is called otherwise than data.json.
func (w *walker) bundle(root string) {
	content, err := os.ReadFile(root)
	if err != nil {
		w.fail(root, fmt.Errorf("policy bundle: %w", err))
		return
	}
	p, before := Provenance{Root: w.called}, len(w.files)
	loader := bundle.NewTarballLoaderWithBaseURL(bytes.NewReader(content), root).WithSizeLimitBytes(maxArchive)
	for {
		d, err := loader.NextFile()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			w.fail(root, fmt.Errorf("policy bundle: not an OPA bundle, which is a compressed tar: %w", err))
			return
		}
		var text bytes.Buffer
		_, err = d.Read(&text, maxArchive)
		if err != nil && !errors.Is(err, io.EOF) {
			w.fail(root, fmt.Errorf("policy bundle: %s: %w", d.Path(), err))
			return
		}
		w.bundled(&p, strings.TrimPrefix(path.Clean(strings.TrimLeft(d.Path(), "/.")), "/"), d.Path(), text.Bytes())
	}
	// In the order in which a directory is walked: the digest follows it.
	slices.SortFunc(w.files[before:], func(a, b *file) int {
		return slices.Compare(strings.Split(a.path, "/"), strings.Split(b.path, "/"))
	})
	w.provenance = append(w.provenance, p)
}

// bundled takes one file of a bundle.
func (w *walker) bundled(p *Provenance, name, written string, content []byte) {
	f := &file{root: p.Root, path: name, name: p.Root + "/" + name, content: content}
	switch base := path.Base(written); {
	case base == bundleManifest:
		var m bundle.Manifest
		if err := json.Unmarshal(content, &m); err != nil {
			w.fail(p.Root, fmt.Errorf("policy bundle: its manifest: %w", err))
			return
		}
		p.Bundle = m.Revision
	case base == bundleSignatures:
		w.problems = append(w.problems, Problem{File: p.Root, Warning: true, Found: "a signed bundle",
			Expected: "its signature to be verified by whatever fetches it: it is not verified here"})
	case name == bundlePatch:
		w.fail(p.Root, errors.New("policy bundle: a delta bundle, which is no whole policy: give a snapshot bundle"))
	case strings.HasPrefix(base, "."), name == bundlePlan:
	case f.isRead():
		w.files = append(w.files, f)
	default:
		w.unread(f)
	}
}
