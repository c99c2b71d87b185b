// Package source reads policies: directories and bundles into modules and data,
// parsed, compiled and watched.
package source

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/inventory/regular"
	"github.com/dutyward/dutyward/inventory/secret"
	"github.com/dutyward/dutyward/policies"
)

// Bounds of what is read: of one policy, of one data file, and of all.
const (
	maxRego  = 16 << 20
	maxFile  = 128 << 20
	maxFiles = MaxArchive
)

// File is a file of a policy root.
type File struct {
	// Root is the root as configured, path the file's place in it, with slashes.
	Root string
	Path string
	// Name is root and path joined, as messages and origins show it.
	Name    string
	Content []byte
}

// IsRego says that f is a policy, or a test of policies.
func (f *File) IsRego() bool { return strings.HasSuffix(f.Path, ".rego") }

// IsTest says that f holds tests.
func (f *File) IsTest() bool { return strings.HasSuffix(f.Path, "_test.rego") }
func (f *File) isJSON() bool { return strings.HasSuffix(f.Path, ".json") }
func (f *File) isYAML() bool {
	return strings.HasSuffix(f.Path, ".yaml") || strings.HasSuffix(f.Path, ".yml")
}

// most is how large a file of that name may be.
func (f *File) most() int64 {
	if f.IsRego() {
		return maxRego
	}
	return maxFile
}

// IsRead says that files of that name are policies or data.
func (f *File) IsRead() bool { return f.IsRego() || f.isJSON() || f.isYAML() }

// line is a source line, from 1, without its line break; empty if there is no
// such line.
func (f *File) line(n int) string {
	rest := f.Content
	for ; n > 1; n-- {
		_, after, found := bytes.Cut(rest, []byte("\n"))
		if !found {
			return ""
		}
		rest = after
	}
	if n < 1 {
		return ""
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return strings.TrimSuffix(string(line), "\r")
}

// conflicted is where a merge left both versions of something.
var conflicted = regexp.MustCompile(`(?m)^<{7}(?: .*)?$`)

// mergeConflict reports a conflict that a merge left in the file.
func (f *File) mergeConflict(r *Report) bool {
	at := conflicted.FindIndex(f.Content)
	if at == nil {
		return false
	}
	line, column := f.Place(int64(at[0]))
	r.Add(policies.Problem{Code: codeMergeConflict, File: f.Name, Line: line, Column: column, Found: "a merge conflict",
		Expected: "one of the two versions, without the lines of <<<<<<<, ======= and >>>>>>>"})
	return true
}

// Place is the line and column, from 1, of a byte offset.
func (f *File) Place(offset int64) (line, column int) {
	before := f.Content[:max(0, min(int(offset), len(f.Content)))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

// walker collects the files of roots.
type walker struct {
	// root is the directory that is walked, called what it is called.
	root, called string
	// dir is root, out of which nothing leads.
	dir *regular.Dir
	// secrets are those of this process, which no file may hold.
	secrets *secret.Keeper
	// unsaved are the contents of files that take the place of those on disk.
	unsaved Unsaved
	Files   []*File
	// size is that of all files.
	size int64
	// seen maps the real path of each file to the name it was first found under.
	seen map[string]string
	// within are the real paths of the directories being walked.
	within   []string
	Problems policies.Problems
	// Left are the paths of the files that are not read.
	Left []string
	// Provenance is that of the bundles.
	Provenance []policies.Provenance
}

// ReadRoots reads the policy and data files of the roots, sorted by root in
// the given order, then by path.
func ReadRoots(roots []string, as map[string]string, secrets *secret.Keeper, unsaved Unsaved) *walker {
	w := &walker{seen: map[string]string{}, secrets: secrets, unsaved: unsaved}
	for _, root := range roots {
		w.root, w.called = root, CalledRoots([]string{root}, as)[0]
		info, err := os.Stat(root)
		switch {
		case err != nil:
			w.fail(codeUnreadable, root, fmt.Errorf("policy root: %w", err))
			w.Problems[len(w.Problems)-1].Message += regular.Near(root, err)
		case !info.IsDir() && IsBundle(root):
			w.bundle(root)
		case !info.IsDir():
			w.fail(codeUnreadable, root, errors.New("policy root: neither a directory nor a bundle (.tar.gz)"))
		default:
			w.tree()
		}
	}
	return w
}

// tree walks the root.
func (w *walker) tree() {
	var err error
	if w.dir, err = regular.OpenDir(w.root); err != nil {
		w.fail(codeUnreadable, w.root, fmt.Errorf("policy root: %w", err))
		return
	}
	defer w.dir.Close()
	first := len(w.Files)
	w.directory("")
	w.notOnDisk(first)
}

// CalledRoots are the names of roots in messages and origins.
func CalledRoots(roots []string, as map[string]string) []string {
	var out []string
	for _, root := range roots {
		if called, ok := as[root]; ok {
			root = called
		}
		out = append(out, root)
	}
	return out
}

// directory walks a directory of the root. Symbolic links are followed within the
// root, for that is how Kubernetes mounts files; directories that begin with a dot
// are not, among them its "..data". What a link outside holds is nobody's policy:
// it could be this process's own environment.
func (w *walker) directory(path string) {
	name := filepath.Join(w.root, filepath.FromSlash(path))
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		w.fail(codeUnreadable, name, err)
		return
	}
	if slices.Contains(w.within, real) {
		w.fail(codeLink, name, errors.New("a symbolic link leads back to a directory above it: delete it, or let it lead to a directory outside this root"))
		return
	}
	w.within = append(w.within, real)
	defer func() { w.within = w.within[:len(w.within)-1] }()

	entries, err := w.dir.ReadDir(cmp.Or(path, "."))
	if err != nil {
		w.fail(codeUnreadable, name, err)
		return
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		w.entry(strings.TrimPrefix(path+"/"+entry.Name(), "/"), entry)
	}
}

func (w *walker) entry(path string, entry fs.DirEntry) {
	f := &File{Root: w.called, Path: path, Name: filepath.ToSlash(filepath.Join(w.called, filepath.FromSlash(path)))}
	info, err := w.dir.Stat(path)
	switch {
	case errors.Is(err, regular.ErrOutside) && (f.IsRead() || isDirectory(filepath.Join(w.root, path))):
		w.fail(codeLink, f.Name, errors.New("a symbolic link that is absolute or leads out of the policy root, and is not followed: put what it means here in its place, "+
			"or name the directory that holds it as a root of its own"))
	case err == nil && info.IsDir():
		w.directory(path)
	case !f.IsRead():
		w.unread(f)
	case err != nil:
		w.fail(codeUnreadable, f.Name, err)
	default:
		w.read(f)
	}
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// read reads a file of the root that is policy or data.
func (w *walker) read(f *File) {
	real, err := w.realPath(f.Path)
	if err != nil {
		w.fail(codeUnreadable, f.Name, err)
		return
	}
	if first, ok := w.seen[real]; ok {
		w.fail(codeRepeatedFile, f.Name, fmt.Errorf("the same file as %s: each file may be reached from one root, once", first))
		return
	}
	w.seen[real] = f.Name
	if text, ok := w.unsaved[real]; ok {
		w.takeUnsaved(f, text)
		return
	}
	if f.Content, err = w.dir.ReadFile(f.Path, f.most()); err != nil {
		w.fail(codeUnreadable, f.Name, fmt.Errorf("can't be read: %w", err))
		return
	}
	w.take(f)
}

// take takes a file whose content was read, unless it must not be taken.
func (w *walker) take(f *File) {
	w.size += int64(len(f.Content))
	switch {
	case w.size > maxFiles:
		w.fail(codeTooLarge, f.Name, fmt.Errorf("policies and data of more than %d MiB in all, which this file goes beyond: leave out what no rule reads", maxFiles>>20))
	case w.secrets.Holds(f.Content):
		w.fail(codeSecret, f.Name, errHoldsSecret)
	default:
		w.Files = append(w.Files, f)
	}
}

// errHoldsSecret is about a file whose lines would be quoted, and kept in the state.
var errHoldsSecret = errors.New("a secret of this program stands here, such as the PagerDuty token: take it out, and have a new one made in its place, " +
	"for whoever could read this file knows it")

// almostRead are names of which it is likely that they are meant to be read, and
// that are not: p.rego.txt, people.yaml.bak, p.REGO. Editors' own copies, such as
// p.rego~, are nobody's mistake.
var almostRead = regexp.MustCompile(`(?i)(\.(?:rego|ya?ml|json))(?:\.[a-z0-9]+)?$`)

// otherData are tables and data in forms that are not read.
var otherData = regexp.MustCompile(`(?i)\.(?:csv|tsv|xlsx?|ods|toml|xml|jsonl|ndjson|jsonc|json5|hcl|cue|parquet)$`)

// unread notes a file that is not read, with a warning where it seems to be meant.
func (w *walker) unread(f *File) {
	w.Left = append(w.Left, f.Path)
	if form := otherData.FindString(f.Path); form != "" {
		w.Problems = append(w.Problems, policies.Problem{Code: codeNotRead, File: f.Name, Warning: true, Found: "a " + strings.ToLower(form) + " file, which is not read",
			Expected: "data as .yaml or .json; or the file outside the policy roots"})
		return
	}
	m := almostRead.FindStringSubmatch(f.Path)
	if m == nil {
		return
	}
	w.Problems = append(w.Problems, policies.Problem{Code: codeNotRead, File: f.Name, Warning: true, Found: "a file that is not read",
		Expected: fmt.Sprintf("a name that ends in %s; or the file outside the policy roots", strings.ToLower(m[1]))})
}

func (w *walker) fail(c code.Code, name string, err error) {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	w.Problems = append(w.Problems, policies.Problem{Code: c, File: filepath.ToSlash(name), Message: err.Error()})
}
