package eval_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

// FuzzBundle loads whatever stands in a bundle's file: it works, or the error is
// Problems with a place and a text each.
func FuzzBundle(f *testing.F) {
	f.Add(tarball(f, "access/people.rego", oneGroup, "people/data.json", `{"a": 1}`))
	f.Add(tarball(f, "/.manifest", `{"revision": "r1", "roots": ["access"]}`, "/access/people.rego", oneGroup))
	f.Add(tarball(f, ".manifest", `{"revision": 1}`))
	f.Add(tarball(f, "../up.rego", oneGroup, "./people/people.yaml", "- a\n"))
	f.Add(tarball(f, "patch.json", `{"data": []}`))
	f.Add(tarball(f, "policies/access/p.rego.txt", "x"))
	f.Add([]byte("\x1f\x8b"))
	f.Add([]byte("no bundle"))
	f.Fuzz(func(t *testing.T, content []byte) {
		name := filepath.Join(t.TempDir(), "policies.tar.gz")
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := eval.Load(context.Background(), eval.Options{Roots: []string{name}})
		var problems policies.Problems
		if err != nil && !errors.As(err, &problems) {
			t.Errorf("not Problems: %v", err)
		}
		for _, p := range problems {
			if p.File == "" || p.Text() == "" {
				t.Errorf("a problem without place or text: %+v", p)
			}
		}
	})
}

// tarball is a compressed tar of files: names and contents in turn.
func tarball(t testing.TB, files ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	zip := gzip.NewWriter(&buf)
	archive := tar.NewWriter(zip)
	for i := 0; i < len(files); i += 2 {
		if err := archive.WriteHeader(&tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
