//go:build unix

package eval_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/dutyward/dutyward/inventory/secret"
	"github.com/dutyward/dutyward/policies/eval"
)

// shibboleth is in what no policy root may lead to.
const shibboleth = "u+shibboleth-0123"

func TestNoFileOutsideOfARootIsRead(t *testing.T) {
	outside := t.TempDir()
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(t, os.MkdirAll(filepath.Join(outside, "folder"), 0o700))
	for _, name := range []string{"z.json", "z.yaml", "z.rego", "environ", "folder/z.json"} {
		must(t, os.WriteFile(filepath.Join(outside, name), []byte("PAGERDUTY_TOKEN="+shibboleth+"\x00"), 0o600))
	}
	t.Setenv("PAGERDUTY_TOKEN", shibboleth)
	link := func(target, name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { must(t, os.Symlink(target, filepath.Join(dir, name))) }
	}
	all := func(steps ...func(*testing.T, string)) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			for _, step := range steps {
				step(t, dir)
			}
		}
	}
	const isOut = "a symbolic link that is absolute or leads out"
	for name, c := range map[string]struct {
		make func(t *testing.T, dir string)
		want string
	}{
		"the process's environment":    {link("/proc/self/environ", "z.json"), isOut},
		"YAML":                         {link(outside+"/z.yaml", "z.yaml"), isOut},
		"a policy":                     {link(outside+"/z.rego", "z.rego"), isOut},
		"by a relative link":           {link("../../../../../../../../../../../../../../"+outside+"/z.json", "z.json"), isOut},
		"by a link to a link":          {all(link("hop.json", "z.json"), link("more", "hop.json"), link(outside+"/z.json", "more")), isOut},
		"through a folder":             {link(outside+"/folder", "folder"), isOut},
		"through a folder of a mount":  {all(link(outside, "..data"), link("..data/z.json", "z.json")), isOut},
		"to where there is nothing":    {link(outside+"/none.json", "z.json"), isOut},
		"to the whole machine":         {link("/", "root"), isOut},
		"what is not read":             {link(outside+"/environ", "README"), ""},
		"a link that leads to itself":  {link("z.json", "z.json"), "too many levels"},
		"a named pipe":                 {func(t *testing.T, dir string) { must(t, syscall.Mkfifo(filepath.Join(dir, "z.json"), 0o600)) }, "a named pipe, not a regular file"},
		"a link to a pipe":             {all(func(t *testing.T, dir string) { must(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600)) }, link("pipe", "z.json")), "a named pipe, not a regular file"},
		"a file without an end":        {func(t *testing.T, dir string) { sparse(t, filepath.Join(dir, "z.json")) }, "larger than 128 MiB"},
		"a policy that is no text":     {func(t *testing.T, dir string) { sparse(t, filepath.Join(dir, "z.rego")) }, "larger than 16 MiB"},
		"a token that was put there":   {func(t *testing.T, dir string) { put(t, dir, "z.yaml", "token: "+shibboleth+"\n") }, "a secret of this program stands here"},
		"a token, encoded and wrapped": {func(t *testing.T, dir string) { put(t, dir, "z.yaml", "{\n  token: dStzaGliYm9s\n    ZXRoLTAxMjM=\n}") }, "a secret of this program stands here"},
		"a token by a hard link": {func(t *testing.T, dir string) {
			if err := os.Link(filepath.Join(outside, "z.json"), filepath.Join(dir, "z.json")); err != nil {
				t.Skip(err)
			}
		}, "a secret of this program stands here"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := root(t, "a.rego", oneGroup)
			c.make(t, dir)
			secrets := new(secret.Keeper)
			secrets.Add(shibboleth)
			_, err := eval.Load(context.Background(), eval.Options{Roots: []string{dir}, Secrets: secrets})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v; want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), shibboleth) {
				t.Errorf("the token was said: %v", err)
			}
		})
	}
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sparse makes a file that is longer than the disk.
func sparse(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(1<<40), f.Close()); err != nil {
		t.Skip(err)
	}
}

func TestASchemaIsReadFromItsDirectoryAlone(t *testing.T) {
	outside := t.TempDir()
	put(t, outside, "s.json", `{"token": "`+shibboleth+`"}`)
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(outside, "s.json"), filepath.Join(dir, "s.json")); err != nil {
		t.Fatal(err)
	}
	schemas := map[string]string{"people": filepath.Join(dir, "s.json")}
	_, err := eval.Load(context.Background(), eval.Options{Roots: []string{root(t, "a.rego", oneGroup)}, Schemas: schemas})
	if err == nil || !strings.Contains(err.Error(), "leads out of the directory: name the file itself") {
		t.Error(err)
	}
}

func TestABundleHoldsFilesAndNothingElse(t *testing.T) {
	for name, c := range map[string]struct {
		header tar.Header
		want   string
	}{
		"a symbolic link": {tar.Header{Name: "p.rego", Typeflag: tar.TypeSymlink, Linkname: "/proc/self/environ"}, "p.rego is a link"},
		"a hard link":     {tar.Header{Name: "p.rego", Typeflag: tar.TypeLink, Linkname: "a.rego"}, "p.rego is a link"},
		"a device":        {tar.Header{Name: "p.rego", Typeflag: tar.TypeChar}, "p.rego is not a regular file"},
		"a pipe":          {tar.Header{Name: "p.rego", Typeflag: tar.TypeFifo}, "p.rego is not a regular file"},
		"a name above":    {tar.Header{Name: "../p.rego", Typeflag: tar.TypeReg}, "../p.rego leads out of the bundle"},
		"a name twice":    {tar.Header{Name: "/x/../a.rego", Typeflag: tar.TypeReg}, "leads out of the bundle"},
		"a file twice":    {tar.Header{Name: "/./a.rego", Typeflag: tar.TypeReg}, "is packed twice"},
	} {
		t.Run(name, func(t *testing.T) {
			var buf bytes.Buffer
			zip := gzip.NewWriter(&buf)
			archive := tar.NewWriter(zip)
			_ = archive.WriteHeader(&tar.Header{Name: "a.rego", Mode: 0o600, Size: int64(len(oneGroup))})
			_, _ = archive.Write([]byte(oneGroup))
			c.header.Mode = 0o600
			if err := errors.Join(archive.WriteHeader(&c.header), archive.Close(), zip.Close()); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "p.tar.gz")
			put(t, filepath.Dir(file), filepath.Base(file), buf.String())
			_, err := eval.Load(context.Background(), eval.Options{Roots: []string{file}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
}

// TestABundleThatUnpacksWithoutAnEndIsRefused packs 600 MiB of nothing into less
// than one.
func TestABundleThatUnpacksWithoutAnEndIsRefused(t *testing.T) {
	var buf bytes.Buffer
	zip, _ := gzip.NewWriterLevel(&buf, gzip.BestSpeed)
	archive := tar.NewWriter(zip)
	nothing := make([]byte, 100<<20)
	for _, name := range []string{"a.json", "b.json", "c.json", "d.json", "e.json", "f.json"} {
		_ = archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(nothing))})
		_, _ = archive.Write(nothing)
	}
	if err := errors.Join(archive.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "p.tar.gz")
	put(t, filepath.Dir(file), filepath.Base(file), buf.String())
	_, err := eval.Load(context.Background(), eval.Options{Roots: []string{file}})
	if err == nil || !strings.Contains(err.Error(), "it unpacks to more than 512 MiB") {
		t.Error(err)
	}
}
