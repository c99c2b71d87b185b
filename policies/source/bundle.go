package source

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/bundle"

	"github.com/dutyward/dutyward/inventory/regular"
	"github.com/dutyward/dutyward/policies"
)

// IsBundle says that a root is named as OPA's bundles are.
func IsBundle(root string) bool {
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
// data, also where a data file has another name than data.json.
func (w *walker) bundle(root string) {
	content, err := regular.ReadFile(root, maxBundle)
	if err == nil {
		err = checkTar(content)
	}
	if err != nil {
		w.fail(codeBadBundle, root, fmt.Errorf("policy bundle: %w", err))
		return
	}
	p, before := policies.Provenance{Root: w.called}, len(w.Files)
	loader := bundle.NewTarballLoaderWithBaseURL(bytes.NewReader(content), root).WithSizeLimitBytes(MaxArchive)
	for {
		d, err := loader.NextFile()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			w.fail(codeBadBundle, root, fmt.Errorf("policy bundle: not an OPA bundle, which is a compressed tar: %w", err))
			return
		}
		var text bytes.Buffer
		_, err = d.Read(&text, MaxArchive)
		if err != nil && !errors.Is(err, io.EOF) {
			w.fail(codeBadBundle, root, fmt.Errorf("policy bundle: %s: %w", d.Path(), err))
			return
		}
		w.bundled(&p, strings.TrimPrefix(path.Clean(strings.TrimLeft(d.Path(), "/.")), "/"), d.Path(), text.Bytes())
	}
	// In the order in which a directory is walked: the digest follows it.
	slices.SortFunc(w.Files[before:], func(a, b *File) int {
		return slices.Compare(strings.Split(a.Path, "/"), strings.Split(b.Path, "/"))
	})
	w.Provenance = append(w.Provenance, p)
}

// maxBundle bounds a bundle, packed and unpacked.
const maxBundle = 512 << 20

// checkTar refuses what OPA would pass over, or unpack without an end: whoever
// packed a link believes that what it means is in force.
func checkTar(content []byte) error {
	const no = "not an OPA bundle, which is a compressed tar: %w"
	zip, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf(no, err)
	}
	unpacked := &io.LimitedReader{R: zip, N: maxBundle}
	archive, seen := tar.NewReader(unpacked), map[string]bool{}
	for {
		h, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && unpacked.N <= 0:
			return fmt.Errorf("it unpacks to more than %d MiB", maxBundle>>20)
		case err != nil:
			return fmt.Errorf(no, err)
		}
		if err := checkHeader(h, seen); err != nil {
			return err
		}
	}
}

func checkHeader(h *tar.Header, seen map[string]bool) error {
	name := path.Clean("/" + h.Name)
	switch {
	case h.Typeflag == tar.TypeSymlink, h.Typeflag == tar.TypeLink:
		return fmt.Errorf("%s is a link: pack the file itself (tar --dereference --hard-dereference)", h.Name)
	case h.Typeflag == tar.TypeDir, h.Typeflag == tar.TypeXGlobalHeader:
		return nil
	case h.Typeflag != tar.TypeReg:
		return fmt.Errorf("%s is not a regular file: leave it out", h.Name)
	case slices.Contains(strings.Split(h.Name, "/"), ".."):
		return fmt.Errorf("%s leads out of the bundle: pack the files with names below one directory", h.Name)
	case seen[name]:
		return fmt.Errorf("%s is packed twice: pack it once", h.Name)
	case h.Size > maxFile:
		return fmt.Errorf("%s is larger than %d MiB", h.Name, maxFile>>20)
	}
	seen[name] = true
	return nil
}

// bundled takes one file of a bundle.
func (w *walker) bundled(p *policies.Provenance, name, written string, content []byte) {
	f := &File{Root: p.Root, Path: name, Name: p.Root + "/" + name, Content: content}
	switch base := path.Base(written); {
	case base == bundleManifest:
		var m bundle.Manifest
		if err := json.Unmarshal(content, &m); err != nil {
			w.fail(codeBadBundle, p.Root, fmt.Errorf("policy bundle: its manifest: %w", err))
			return
		}
		p.Bundle = m.Revision
	case base == bundleSignatures:
		w.Problems = append(w.Problems, policies.Problem{Code: codeSignedBundle, File: p.Root, Warning: true, Found: "a signed bundle",
			Expected: "its signature to be verified by whatever fetches it: it is not verified here"})
	case name == bundlePatch:
		w.fail(codeBadBundle, p.Root, errors.New("policy bundle: a delta bundle, which is no whole policy: give a snapshot bundle"))
	case strings.HasPrefix(base, "."), name == bundlePlan:
	case f.IsRead():
		w.take(f)
	default:
		w.unread(f)
	}
}
